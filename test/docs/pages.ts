/** The pages of docs/, and the headings that links may lead to. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const read = (name: string): string => readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8');

/** As GitHub makes them. */
export const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
