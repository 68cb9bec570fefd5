/**
 * The proof of a claim where no daemon runs: from a copy of the ledger, with this process listening and probing by itself on the
 * configured segments. The claim is written into the ledger itself.
 */

import { parseCidr, rangeOfCidr } from '../../core/address/cidr.ts';
import type { Ipv4 } from '../../core/address/ipv4.ts';
import { contains } from '../../core/address/range.ts';
import { rangeSetOfAddresses } from '../../core/address/range-set.ts';
import { EXIT, FreeholdError } from '../../core/error.ts';
import type { Criteria } from '../../core/evidence/criteria.ts';
import type { ClaimsWriter } from '../../http/claim-service.ts';
import type { DhcpSpans } from '../../http/service.ts';
import type { Offline } from '../../offline.ts';
import type { Config } from '../../system/config-types.ts';
import { parseDuration } from '../../system/duration.ts';
import type { Parameters } from '../criteria.ts';
import type { ProofQuery, ProofSource } from './proof-source.ts';
import { chooseSegment, lanOf } from './segments.ts';

/** As many as a range that can be claimed can hold. */
const MOST_RANGES = 4096;
/** For the nodes' own answers. */
const SETTLE_MS = 700;
const NODE_RATE = 500;

/** @param probes false: only what the ledger holds is looked at, and nothing is sent */
export function offlineSource(offline: Offline, config: Config, path: string, probes: boolean): ProofSource {
  const { service } = offline;
  const segments = () => service.segments().segments;
  return {
    where: `the ledger ${path} (no daemon answers)`,
    isDaemon: false,
    segmentOf: async (range, named) => chooseSegment(segments(), range, named),
    lan: async () => lanOf(segments()),
    async freeRanges(segment, size, asked, within) {
      // The copy knows nothing newer than itself: a look makes its newest look fresh, and finds the controls.
      if (probes) await offline.probe(segment);
      return service.freeRanges({ segment, size, limit: MOST_RANGES, alignment: 'none', within, ...queryOf(asked) });
    },
    async verify(range, heardSince, asked) {
      await offline.probe(chooseSegment(segments(), range, undefined));
      return service.verify({ range, heardSinceMs: Date.parse(heardSince), ...queryOf(asked) });
    },
    nodeMacs: async (addresses) =>
      new Set([...config.metallb.speakers.map(({ mac }) => mac), ...(await answeringMacs(addresses, segments()))]),
    beginClaim: (claim) => writer(offline).begin(claim),
    endClaim: async (id, state, outcome) => void (await writer(offline).end(id, { state, outcome })),
    guarded: async () => null,
    close: () => offline.close(),
  };
}

function writer({ claims, claimsRefused }: Offline): ClaimsWriter {
  if (claims !== null) return claims;
  throw new FreeholdError(
    'claim-not-recorded',
    `The claim cannot be written into the ledger: ${claimsRefused ?? 'unknown reason'}. Nothing was pushed.`,
    {
      hint: 'Run it as the user of the daemon, or start the daemon and ask that one.',
      exitCode: EXIT.notPermitted,
    },
  );
}

/** Who answers for the nodes' own addresses: asked on the segments that hold them. */
async function answeringMacs(
  addresses: readonly Ipv4[],
  segments: readonly { readonly interface: string | null; readonly cidr: string }[],
): Promise<readonly string[]> {
  const { scan } = await import('../../watch/scan.ts');
  const macs: string[] = [];
  for (const { interface: interfaceName, cidr } of segments) {
    const network = parseCidr(cidr);
    if (interfaceName === null || !network.ok) continue;
    const range = rangeOfCidr(network.value);
    const here = addresses.filter((address) => contains(range, address));
    if (here.length === 0) continue;
    const only = rangeSetOfAddresses(here);
    const { hosts } = await scan(
      { interfaceName, range, only, rate: NODE_RATE, passes: 2, settleMs: SETTLE_MS },
      () => undefined,
    );
    for (const { address, macs: answered } of hosts) if (here.includes(address)) macs.push(...answered);
  }
  return macs;
}

const queryOf = ({ criteria, pool, server, namespace }: ProofQuery) => ({
  pool,
  poolServer: server ?? undefined,
  poolNamespace: namespace,
  ...criteriaIn(criteria),
});

/** What the daemon reads from the parameters of a query. */
function criteriaIn(parameters: Parameters): { readonly criteria: Partial<Criteria>; readonly dhcpSpans?: DhcpSpans } {
  const ms = (name: string): number | undefined => {
    const text = parameters[name];
    const value = typeof text === 'string' ? parseDuration(text) : null;
    return value?.ok === true ? value.value : undefined;
  };
  const figure = (name: string): number | undefined => {
    const value = parameters[name];
    return typeof value === 'number' ? value : undefined;
  };
  const criteria = {
    quietForMs: ms('quietFor'),
    maxGapMs: ms('maxGap'),
    minSweeps: figure('minSweeps'),
    minCoverage: figure('minCoverage'),
  };
  const given = Object.fromEntries(Object.entries(criteria).filter(([, value]) => value !== undefined)) as Partial<Criteria>;
  return { criteria: given, ...(parameters['dhcpSpans'] === 'ignore' ? { dhcpSpans: 'ignore' as const } : {}) };
}
