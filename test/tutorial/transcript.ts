/** Plays the story in a scene, and makes the page of it. */
import { hostname, userInfo } from 'node:os';
import { startScene } from './scene.ts';
import { OPENING, STORY } from './story.ts';

/** What two runs may differ in: times, figures that come of them, and names that are drawn. */
export const withoutFigures = (page: string): string =>
  page
    .replace(/\b192\.0\.2\.\d+/g, (address) => address.replace(/\d/g, (digit) => 'abcdefghij'.charAt(Number(digit))))
    .replace(/(?:\d[\d,.]*\s(?:d|h|min|s|ms|%)\b[ ]?)+/g, 'T ')
    .replace(/freehold-smoke-[a-z0-9]+/g, 'freehold-smoke-X')
    .replace(/\d[\d,.:TZ-]*/g, 'N')
    .replace(/[ \t]+/g, ' ')
    .replace(/ ?\n/g, '\n');

/** @throws Error where a command does not end as the story says */
export async function makePage(): Promise<string> {
  const scene = await startScene();
  try {
    const parts = [OPENING];
    for (const { title, text, command, exitCode } of STORY) {
      const { status, stdout: printed } = await scene.freehold(...command);
      if (status !== exitCode) {
        throw new Error(`"freehold ${command.join(' ')}" ended with ${status}, and not with ${exitCode}. It said:\n${printed}`);
      }
      const ending = exitCode === 0 ? '' : `(exit code ${exitCode})\n`;
      parts.push(`## ${title}\n\n${text}\n\n\`\`\`\n$ freehold ${command.join(' ')}\n${neutral(printed)}${ending}\`\`\`\n`);
    }
    return parts.join('\n');
  } finally {
    await scene.close();
  }
}

/** No port, no path and no name of this machine, nothing of what is only shown while something is waited for. */
const neutral = (text: string): string =>
  text
    .replace(/^ {2}\.\.\. .*\n(?: {10,}.*\n)*/gm, '')
    .replace(/https:\/\/127\.0\.0\.1:\d+/g, 'https://127.0.0.1:6443')
    .replace(/unix:\S+\.sock/g, 'http://127.0.0.1:5227')
    .replaceAll(`${process.env['SUDO_USER'] || process.env['USER'] || userInfo().username}@${hostname()}`, 'ops@jump')
    .replace(/[ \t]+$/gm, '');
