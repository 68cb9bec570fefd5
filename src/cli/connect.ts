/**
 * From --url, --socket, --token-file and the environment to a client of the daemon (http/client.ts).
 */
import { type ClientOptions, createClient, type HttpClient } from '../http/client.ts';
import { readTokenFile } from '../system/secret-file.ts';
import { usageError } from './exit.ts';

export interface ConnectOptions {
  readonly url?: string | undefined;
  readonly socket?: string | undefined;
  readonly tokenFile?: string | undefined;
}

const DEFAULT_URL = 'http://127.0.0.1:5227';

const unlessEmpty = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

/** Options come before the environment. @throws FreeholdError where the token cannot be read. */
export function clientOptions(options: ConnectOptions, env: NodeJS.ProcessEnv): ClientOptions {
  if (options.socket === '') throw usageError('the path of the socket is empty');
  const tokenFile = options.tokenFile ?? unlessEmpty(env['FREEHOLD_TOKEN_FILE']);
  return {
    url: options.url ?? unlessEmpty(env['FREEHOLD_URL']) ?? DEFAULT_URL,
    socketPath: options.socket ?? null,
    token: tokenFile === undefined ? null : readTokenFile(tokenFile),
  };
}

export const connect = (options: ConnectOptions): HttpClient => createClient(clientOptions(options, process.env));
