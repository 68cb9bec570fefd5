/**
 * The Express app: operations, guards and problem documents put together. Does not listen: see server.ts.
 */
import express from 'express';
import { EXIT, FreeholdError } from '../core/error.ts';
import type { ListenAddress, ListenSocket } from '../system/config-types.ts';
import type { Logger } from '../system/logger.ts';
import { acknowledgeOperation } from './acknowledge.ts';
import { addressOperation } from './address.ts';
import { addressesOperation } from './addresses.ts';
import { authenticate } from './auth.ts';
import { beginClaimOperation, claimOperation, claimsOperation, endClaimOperation } from './claims.ts';
import { conflictOperation, conflictsOperation } from './conflicts.ts';
import { dhcpOperation } from './dhcp.ts';
import { EventStreams, type StreamLimits } from './event-streams.ts';
import { eventsOperation } from './events.ts';
import { freeRangesOperation } from './free-ranges.ts';
import { checkHost, refuseForeignPages, requireJson, securityHeaders } from './guards.ts';
import { healthOperation, readinessOperation } from './health.ts';
import type { MetricsText } from './metrics/types.ts';
import { metricsOperation } from './metrics-operation.ts';
import { openApiOperation } from './openapi.ts';
import type { Operation } from './operation.ts';
import { poolsOperation } from './pools.ts';
import { problemOf } from './problem.ts';
import { segmentsOperation } from './segments.ts';
import type { FreeholdService } from './service.ts';
import { sweepNowOperation, sweepsOperation } from './sweeps.ts';
import { verifyOperation } from './verify.ts';

export interface AppOptions {
  readonly service: FreeholdService;
  /** null: no token is asked for; only on loopback or a unix socket. */
  readonly token: string | null;
  readonly logger: Logger;
  readonly version: string;
  /** Where it will listen; default: on TCP. */
  readonly listen?: ListenAddress | ListenSocket;
  readonly eventStreams?: Partial<StreamLimits>;
  /** Default: there is no /metrics. */
  readonly metrics?: MetricsText;
}

export const OPERATIONS: readonly Operation[] = [
  freeRangesOperation,
  addressesOperation,
  addressOperation,
  segmentsOperation,
  sweepsOperation,
  sweepNowOperation,
  verifyOperation,
  conflictsOperation,
  conflictOperation,
  acknowledgeOperation,
  poolsOperation,
  dhcpOperation,
  claimsOperation,
  claimOperation,
  beginClaimOperation,
  endClaimOperation,
  eventsOperation,
  healthOperation,
  readinessOperation,
];

const LARGEST_BODY = '16kb';
/** A live RFC 5227 run takes about this long. */
const RETRY_AFTER_SECONDS = 7;

export function createApp(options: AppOptions): express.Express {
  const answered = options.metrics === undefined ? OPERATIONS : [...OPERATIONS, metricsOperation(options.metrics)];
  const operations = [...answered, openApiOperation(answered, options.version)];
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.use(logRequests(options.logger), securityHeaders);
  if (options.token === null && options.listen?.kind !== 'unix') app.use(checkHost);
  app.use(authenticate(options.token, new Set(operations.filter(({ open }) => open).map(({ path }) => path))));
  const paths = new Map<string, Operation[]>();
  for (const operation of operations) paths.set(operation.path, [...(paths.get(operation.path) ?? []), operation]);
  const streams = new EventStreams(options.eventStreams);
  for (const [path, methods] of paths) addRoute(app, path, methods, options.service, streams);
  app.use(() => {
    throw new FreeholdError('not-found', 'There is nothing at this path.', {
      exitCode: EXIT.usage,
      hint: 'GET /openapi.json lists all paths.',
    });
  });
  app.use(sendProblem(options.logger));
  return app;
}

function addRoute(
  app: express.Express,
  path: string,
  operations: readonly Operation[],
  service: FreeholdService,
  streams: EventStreams,
): void {
  const route = app.route(path.replace(/\{(\w+)\}/, ':$1'));
  for (const operation of operations) {
    const handle: express.RequestHandler = async (request, response) => {
      const search = request.originalUrl.split('?').slice(1).join('?');
      const pathValue = Object.values(request.params).flat().at(-1) ?? '';
      const place = { pathValue, lastEventId: request.get('Last-Event-ID') };
      const reply = await operation.run({ search, body: request.body ?? {}, place }, service);
      if ('text' in reply) response.status(reply.status).set('Content-Type', reply.contentType).send(Buffer.from(reply.text));
      else if (!('events' in reply)) response.status(reply.status).json(reply.body);
      else if (request.method === 'HEAD') response.type('text/event-stream').end();
      else streams.open(response, reply.events);
    };
    if (isStream(operation)) route.get(refuseForeignPages, handle);
    else if (operation.method === 'get') route.get(handle);
    else route.post(requireJson, express.json({ limit: LARGEST_BODY, strict: true, inflate: false, type: () => true }), handle);
  }
  const allowed = operations.flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : ['POST'])).join(', ');
  route.all((request, response) => {
    response.set('Allow', allowed);
    throw new FreeholdError('method-not-allowed', `${request.method} is not possible here; ${allowed} is.`, {
      exitCode: EXIT.usage,
    });
  });
}

const isStream = ({ answers }: Operation): boolean => answers[200]?.contentType === 'text/event-stream';

const logRequests =
  (logger: Logger): express.RequestHandler =>
  (request, response, next) => {
    if (logger.isLevelEnabled('debug')) {
      const startedMs = performance.now();
      response.once('close', () => {
        const durationMs = Math.round(performance.now() - startedMs);
        logger.debug(
          { method: request.method, path: request.path, status: response.statusCode, durationMs },
          'answered a request',
        );
      });
    }
    next();
  };

// Express tells an error handler by its four parameters.
const sendProblem =
  (logger: Logger): express.ErrorRequestHandler =>
  (error: unknown, request, response, _next) => {
    const problem = problemOf(error);
    if (problem.status === 500) logger.error({ err: error, method: request.method, path: request.path }, 'a request failed');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (problem.status === 429) response.set('Retry-After', String(RETRY_AFTER_SECONDS));
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  };
