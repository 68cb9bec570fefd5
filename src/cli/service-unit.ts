/**
 * The unit that is installed: the one of systemd/, for this checkout and this configuration, with a mark that tells later whether
 * somebody has changed it by hand. Pure.
 */
import { createHash } from 'node:crypto';
import { usageError } from './exit.ts';

/** Where systemd/freehold.service says that the checkout lies. */
const TEMPLATE_CHECKOUT = '/opt/freehold';
const MARK = '# Written by `freehold service install`; do not edit: `systemctl edit freehold` makes a drop-in. Mark: ';

export interface UnitOptions {
  /** Absolute. */
  readonly checkout: string;
  /** Absolute; null: the default path, which the daemon knows itself. */
  readonly config: string | null;
}

/** @throws FreeholdError `usage` for a path that a unit cannot name. */
export function renderUnit(template: string, { checkout, config }: UnitOptions): string {
  // systemd takes no program whose path holds one of these, however it is quoted.
  const [bad] = /["'\\$]/.exec(checkout) ?? [];
  if (bad !== undefined) throw usageError(`systemd cannot run a program below ${checkout}: the path holds a ${bad}`);
  const argument = (path: string): string => quoted(path.replaceAll('$', '$$$$'));
  const command = [quoted(`${checkout}/bin/freehold`), 'run', ...(config === null ? [] : ['--config', argument(config)])].join(
    ' ',
  );
  const body = template
    // What it says of itself is about installing it by hand.
    .replace(/^(?:#.*\n)+/, '')
    .replace(/^ExecStart=.*$/m, () => `ExecStart=${command}`)
    .replaceAll(`file:${TEMPLATE_CHECKOUT}/`, () => `file:${encodeURI(checkout).replaceAll('%', '%%')}/`);
  return `${MARK}${fingerprint(body)}\n${body}`;
}

/** `own`: as it was written; `changed`: written here and edited since; `foreign`: somebody else's. */
export function whoseUnit(text: string): 'own' | 'changed' | 'foreign' {
  if (!text.startsWith(MARK)) return 'foreign';
  const end = text.indexOf('\n');
  return text.slice(MARK.length, end) === fingerprint(text.slice(end + 1)) ? 'own' : 'changed';
}

const fingerprint = (body: string): string => createHash('sha256').update(body).digest('hex').slice(0, 16);

/** systemd.service(5), "Command lines", and systemd.unit(5), "Specifiers". */
function quoted(path: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
  if (/[\u0000-\u001f\u007f]/.test(path)) throw usageError(`the path ${JSON.stringify(path)} holds control characters`);
  const escaped = path.replaceAll('%', '%%');
  return /^[\w./%$:@+,=-]+$/.test(escaped) ? escaped : `"${escaped.replaceAll(/["\\]/g, '\\$&')}"`;
}
