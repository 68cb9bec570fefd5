/** The URL that a channel posts to, read when it is used: it may itself be a secret, so no error repeats it. */
import { EXIT, FreeholdError } from '../core/error.ts';
import type { UrlSource } from '../system/config-types.ts';
import { readSecret } from '../system/secret-file.ts';

/** @throws FreeholdError as readSecret does, and `channel-url-invalid` */
export function readUrl(source: UrlSource, environment: NodeJS.ProcessEnv): URL {
  const url = URL.parse(source.kind === 'plain' ? source.url : readSecret(source, environment));
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  throw new FreeholdError('channel-url-invalid', `What ${placeOf(source)} holds is not an http or https URL.`, {
    hint: 'Expected https://HOST/PATH.',
    exitCode: EXIT.usage,
  });
}

function placeOf(source: UrlSource): string {
  switch (source.kind) {
    case 'plain':
      return 'the configuration';
    case 'file':
      return `the secret file ${source.path}`;
    case 'environment':
      return `the environment variable ${source.variable}`;
  }
}
