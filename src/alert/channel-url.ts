/** The URL that a channel posts to, read when it is used: it may itself be a secret, so no error repeats it. */
import { EXIT, FreeholdError } from '../core/error.ts';
import { isReadableOnTheWay } from '../system/config-channel-url.ts';
import type { UrlSource } from '../system/config-types.ts';
import { readSecret } from '../system/secret-file.ts';

/**
 * @param withToken whether a token goes there, which nobody on the way may read. The configuration is checked for that when it is
 *   read; what a file or the environment holds only now.
 * @throws FreeholdError as readSecret does, `channel-url-invalid`, and `token-in-the-clear`
 */
export function readUrl(source: UrlSource, environment: NodeJS.ProcessEnv, withToken: boolean): URL {
  const url = URL.parse(source.kind === 'plain' ? source.url : readSecret(source, environment));
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) {
    if (!withToken || !isReadableOnTheWay(url)) return url;
    throw new FreeholdError(
      'token-in-the-clear',
      `What ${placeOf(source)} holds is plain http to another machine: no token goes there.`,
      {
        hint: 'Use https, or leave the token out.',
        exitCode: EXIT.usage,
      },
    );
  }
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
