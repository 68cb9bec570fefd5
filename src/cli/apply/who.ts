/** Who makes a claim, for the record: never a secret, never trusted for anything. */
import { hostname, userInfo } from 'node:os';
import { printable } from '../../core/text.ts';

export function whoAmI(env: NodeJS.ProcessEnv = process.env): string {
  return printable(`${env['SUDO_USER'] || env['USER'] || nameOfUser()}@${hostname()}`, 128);
}

function nameOfUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A user without an entry in /etc/passwd, as in a container.
    return String(process.getuid?.() ?? 'unknown');
  }
}
