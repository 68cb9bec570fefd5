/** MetalLB's webhook: whether it is set up, whether it answers, and whether it may be passed over. Pure. */
import { clusterCheck, failed, ok, skipped, warning } from '../judge.ts';
import type { Check, ClusterReading } from '../types.ts';
import { all, quoted, some } from '../words.ts';

const GROUP = 'MetalLB';
const LEAVE = 'Leave the webhook configuration as it is.';

const look = ({ facts: { namespace } }: ClusterReading): string =>
  `kubectl -n ${namespace} get pods,endpointslices; kubectl -n ${namespace} logs deployment/controller`;

export const webhookReady: Check = clusterCheck(
  {
    name: 'webhook-ready',
    title: 'The webhook that judges pools is set up',
    group: GROUP,
    why: 'Until it has its certificate and an endpoint, every pool and advertisement that is applied is refused with an internal error.',
    reads: ['webhook configuration'],
    needsMetallb: true,
  },
  (reading) => {
    const { configured, hasCertificate, readyEndpoints } = reading.facts.metallb.webhook;
    if (configured !== true) {
      return warning(
        'There is no ValidatingWebhookConfiguration metallb-webhook-configuration.',
        'Apply the manifest of MetalLB again: freehold metallb install',
        'Nobody checks pools: two that overlap, or one that cannot be read, are stored, and stop the whole configuration.',
      );
    }
    if (hasCertificate === false) {
      return failed(
        'Its configuration holds no certificate (caBundle) yet.',
        `The controller puts it there when it starts: ${look(reading)}. ${LEAVE}`,
      );
    }
    if (readyEndpoints === 0) {
      return failed(
        'Its Service metallb-webhook-service has no ready endpoint.',
        `It is the controller: ${look(reading)}. ${LEAVE}`,
      );
    }
    const endpoints = readyEndpoints === null ? 'its endpoints may not be read' : `endpoints ready: ${readyEndpoints}`;
    return ok(`Configuration and certificate are there, ${endpoints}. Whether it answers is another check: webhook-answers.`);
  },
);

export const webhookAnswers: Check = clusterCheck(
  {
    name: 'webhook-answers',
    title: 'A pool passes a dry run',
    group: GROUP,
    why: 'Only this shows that the API server reaches the webhook. A controller that is ready does not: since 0.16 its readiness does not wait for it.',
    needsMetallb: true,
  },
  (reading) => {
    const { gate } = reading.details;
    switch (gate.kind) {
      case 'passed':
        return ok('A pool freehold-doctor passed the dry run of the API server; nothing was stored.');
      case 'unready':
        return failed(
          `The API server could not ask it: ${quoted(gate.words, 500)}.`,
          `The API server must reach the Service metallb-webhook-service, port 443 to 9443 of the controller: mostly a firewall, a proxy (NO_PROXY), or the network of the cluster. ${look(reading)}. ${LEAVE}`,
        );
      case 'denied':
        return failed(
          `It refuses any pool now: ${quoted(gate.words, 500)}.`,
          'Mend what it names: it judges all pools together, so that one which is wrong already makes every other one be refused.',
        );
      case 'not-tried':
        return skipped(`Not tried: ${quoted(gate.why)}.`, gate.needs);
    }
  },
);

export const webhookFailurePolicy: Check = clusterCheck(
  {
    name: 'webhook-failure-policy',
    title: 'The webhook cannot be passed over',
    group: GROUP,
    why: 'With failurePolicy Ignore whatever nobody could judge is stored: overlaps and unreadable ranges, which stop the whole configuration.',
    reads: ['webhook configuration'],
    needsMetallb: true,
  },
  ({ details: { webhooks } }) => {
    const found = webhooks ?? [];
    if (found.length === 0)
      return skipped('There is no webhook configuration.', 'MetalLB as its manifest has it: freehold metallb install');
    const ignoring = found.filter(({ failurePolicy }) => failurePolicy !== 'Fail').map(({ name }) => name);
    if (ignoring.length === 0) return ok(`failurePolicy is Fail for ${all(found.length, 'webhook')}.`);
    return warning(
      `failurePolicy is Ignore for ${some(ignoring, 3)}.`,
      'Put Fail back (Helm: crds.validationFailurePolicy=Fail; else apply the manifest again), and mend why the webhook was not reached.',
    );
  },
);
