/**
 * What an API server, or the way to it, has against a request: from a status document or a network error to one error with a stable
 * code, whether trying again can help, and the next step. Never repeats a token.
 */
import { EXIT, type ExitCode, FreeholdError } from '../../core/error.ts';
import { printable } from '../../core/text.ts';

/** `Status` of Kubernetes (meta/v1), as far as it is looked at. */
export interface KubeStatus {
  readonly message: string;
  readonly reason: string;
  readonly code: number;
  readonly causes: readonly { readonly reason: string; readonly message: string; readonly field: string }[];
}

export type ClusterErrorCode =
  /** No connection, or one that broke. */
  | 'cluster-unreachable'
  /** The server's certificate is not what the kubeconfig trusts. */
  | 'cluster-untrusted'
  /** What the kubeconfig names to log in with is not there, or its program fails: nothing was sent. */
  | 'cluster-credentials'
  /** 401: the token or certificate is not accepted (any more). */
  | 'cluster-unauthorized'
  /** 403: RBAC. */
  | 'cluster-forbidden'
  /** 404 of one object. */
  | 'cluster-not-found'
  /** 404 of a whole kind: its CustomResourceDefinition is not installed. */
  | 'cluster-kind-unknown'
  /** 409: another manager owns a field. */
  | 'cluster-field-conflict'
  /** 409: it was changed, or is there already. */
  | 'cluster-changed'
  /** 410: the resource version is too old. */
  | 'cluster-gone'
  /** 400, 415, 422: the object is not accepted. */
  | 'cluster-invalid'
  /** An admission webhook said no. */
  | 'cluster-denied'
  /** An admission webhook could not be asked. */
  | 'cluster-webhook-unready'
  /** 429, 5xx: the server has trouble of its own. */
  | 'cluster-busy'
  /** It is no API server that answers. */
  | 'cluster-not-kubernetes';

const MESSAGE_LIMIT = 2000;

export class ClusterError extends FreeholdError {
  declare readonly code: ClusterErrorCode;
  /** null where nothing answered. */
  readonly status: KubeStatus | null;
  /** Whether the same request may well succeed a little later. */
  readonly mayPass: boolean;

  constructor(
    code: ClusterErrorCode,
    message: string,
    details: {
      readonly hint: string;
      readonly exitCode: ExitCode;
      readonly status?: KubeStatus;
      readonly mayPass?: boolean;
      readonly cause?: unknown;
    },
  ) {
    super(code, message, details);
    this.status = details.status ?? null;
    this.mayPass = details.mayPass ?? false;
  }
}

export const isClusterError = (error: unknown, ...codes: readonly ClusterErrorCode[]): error is ClusterError =>
  error instanceof ClusterError && (codes.length === 0 || codes.includes(error.code));

type Json = Readonly<Record<string, unknown>>;
const asObject = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
const asText = (value: unknown): string => (typeof value === 'string' ? value : '');

/** @param body as it came; anything but a Status becomes one with the status code alone */
export function readStatus(httpStatus: number, body: string): KubeStatus | null {
  let value: Json;
  try {
    value = asObject(JSON.parse(body));
  } catch {
    return null;
  }
  if (value['kind'] !== 'Status') return null;
  const causes = asObject(value['details'])['causes'];
  return {
    message: printable(asText(value['message']), MESSAGE_LIMIT),
    reason: printable(asText(value['reason']), 100),
    code: typeof value['code'] === 'number' ? value['code'] : httpStatus,
    causes: (Array.isArray(causes) ? causes : []).slice(0, 100).map((one: unknown) => {
      const cause = asObject(one);
      return {
        reason: printable(asText(cause['reason']), 100),
        message: printable(asText(cause['message']), MESSAGE_LIMIT),
        field: printable(asText(cause['field']), 300),
      };
    }),
  };
}

/** @param asked for people: `GET https://192.0.2.9:6443/api/v1/nodes` */
export function errorOfStatus(httpStatus: number, body: string, asked: string): ClusterError {
  const status = readStatus(httpStatus, body);
  const message = status?.message ?? '';
  const told = message === '' ? `The API server answered ${asked} with status ${httpStatus}.` : message;
  const make = (code: ClusterErrorCode, exitCode: ExitCode, hint: string, mayPass = false, text: string = told): ClusterError =>
    new ClusterError(code, text, { hint, exitCode, mayPass, ...(status === null ? {} : { status }) });

  if (httpStatus === 401) {
    return make(
      'cluster-unauthorized',
      EXIT.notPermitted,
      'The token or certificate of the kubeconfig has expired, or was never valid: get a new one (kubectl create token, kubeadm kubeconfig user) and put it there.',
      false,
      `The API server does not accept the credentials of the kubeconfig (401 Unauthorized, ${asked}).`,
    );
  }
  if (message.startsWith('admission webhook ')) {
    return make('cluster-denied', EXIT.no, 'These are the words of the admission webhook; nothing was stored.');
  }
  if (/failed calling webhook/.test(message)) {
    return make(
      'cluster-webhook-unready',
      EXIT.unreachable,
      'The API server could not reach the admission webhook: look whether its pod is ready, and whether the API server can reach its Service. Leave the webhook configuration as it is.',
      true,
    );
  }
  switch (httpStatus) {
    case 403:
      return make(
        'cluster-forbidden',
        EXIT.notPermitted,
        'RBAC does not let this user do it: systemd/rbac-daemon.yaml and systemd/rbac-apply.yaml hold the rights that Freehold needs.',
      );
    case 404:
      // Of a kind that nobody serves, the server knows no details: plain text, or a Status without them.
      return status === null || message === 'the server could not find the requested resource'
        ? make(
            'cluster-kind-unknown',
            EXIT.no,
            'The cluster does not know this kind: its CustomResourceDefinition is not installed.',
            false,
            `The API server knows nothing at ${asked} (404).`,
          )
        : make('cluster-not-found', EXIT.no, 'Look whether it exists, and in which namespace.');
    case 409:
      return status?.causes.some(({ reason }) => reason === 'FieldManagerConflict') === true
        ? make('cluster-field-conflict', EXIT.no, 'Another manager owns these fields, and Freehold never takes one over.')
        : make('cluster-changed', EXIT.failure, 'Somebody changed it meanwhile, or it is there already: try again.', true);
    case 410:
      return make('cluster-gone', EXIT.failure, 'The list has to be read anew.', true);
    case 400:
    case 415:
    case 422:
      return make('cluster-invalid', EXIT.no, 'The API server does not accept the object; nothing was stored.');
    default:
      break;
  }
  if (httpStatus === 429 || httpStatus >= 500) {
    return make('cluster-busy', EXIT.unreachable, 'The API server has trouble of its own: try again in a while.', true);
  }
  return new ClusterError(
    'cluster-not-kubernetes',
    `What answers ${asked} is not a Kubernetes API server (status ${httpStatus}).`,
    {
      hint: 'Look at the server in the kubeconfig.',
      exitCode: EXIT.unreachable,
    },
  );
}

const TLS = /CERT|SSL|TLS|SELF_SIGNED|ALTNAME|UNABLE_TO_VERIFY/;

/** The innermost cause that says something: fetch wraps what went wrong once or twice. */
function causeOf(error: unknown): { readonly code: string; readonly message: string } {
  let found = { code: '', message: error instanceof Error ? error.message : String(error) };
  let next: unknown = error;
  for (let depth = 0; depth < 6 && next instanceof Error; depth++) {
    const code = 'code' in next && typeof next.code === 'string' ? next.code : '';
    if (code !== '' || next.message !== '') found = { code: code === '' ? found.code : code, message: next.message };
    const many: unknown = 'errors' in next && Array.isArray(next.errors) ? next.errors[0] : undefined;
    next = next.cause ?? many;
  }
  return found;
}

/**
 * Of a token file that is gone, a program that fails, a certificate that cannot be read. Texts that may hold a part of the credentials
 * are not repeated.
 */
export function errorOfCredentials(error: unknown, server: string): ClusterError {
  if (error instanceof ClusterError) return error;
  // Its message shows what the program printed, and that may be a token.
  const isOutput = error instanceof SyntaxError;
  const message = printable(error instanceof Error ? error.message : String(error), 300);
  const why = isOutput ? 'what its program prints is no JSON' : message === '' ? 'its program failed without a word' : message;
  return new ClusterError('cluster-credentials', `The kubeconfig's credentials for ${server} cannot be used: ${why}.`, {
    hint: 'Look at the user in the kubeconfig: its token file, certificate, or the program that gets a token (exec). Nothing was sent.',
    exitCode: EXIT.usage,
    ...(isOutput ? {} : { cause: error }),
  });
}

/** @param server the URL of the API server. @param timedOutMs where our own patience ended */
export function errorOfNetwork(error: unknown, server: string, timedOutMs: number | null): ClusterError {
  if (error instanceof ClusterError) return error;
  const { code, message } = causeOf(error);
  if (timedOutMs === null && TLS.test(code)) {
    return new ClusterError(
      'cluster-untrusted',
      `The certificate of ${server} is not one that the kubeconfig trusts (${code}).`,
      {
        hint: 'Look at certificate-authority-data, and at the name or address of the server, in the kubeconfig.',
        exitCode: EXIT.unreachable,
        cause: error,
      },
    );
  }
  const why =
    timedOutMs !== null ? `no answer within ${Math.ceil(timedOutMs / 1000)} s` : code !== '' ? code : printable(message, 200);
  return new ClusterError('cluster-unreachable', `The API server ${server} cannot be reached (${why}).`, {
    hint: 'Is it running, and is this the cluster that is meant? Its address comes from the kubeconfig.',
    exitCode: EXIT.unreachable,
    mayPass: true,
    cause: error,
  });
}
