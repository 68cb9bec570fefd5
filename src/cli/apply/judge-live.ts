/**
 * What a live RFC 5227 run means for a claim: whoever answered, probed, or spoke to a DHCP server about an address of it is a reason not
 * to make it. Only one node that answers for an address which the pool has already, and a Service holds, is what it should be. Pure.
 */
import { formatRange } from '../../core/address/range.ts';
import {
  intersectSets,
  type RangeSet,
  rangeSet,
  rangeSetOfAddresses,
  setContains,
  subtract,
  union,
} from '../../core/address/range-set.ts';
import { printable } from '../../core/text.ts';
import type { VerifyAnswer } from '../../http/service.ts';
import { addressOrNull, rangeOf, reasonsFor } from './history.ts';
import type { Reason } from './refusal.ts';

export interface LiveContext {
  /** In the pool before and after. */
  readonly kept: RangeSet;
  readonly added: RangeSet;
  /** MACs of the nodes, as far as they are known. */
  readonly nodeMacs: ReadonlySet<string>;
  /** Addresses of the pool that Services hold, dotted: a node is to answer for these alone. */
  readonly held: ReadonlySet<string>;
}

export interface LiveJudgement {
  /** Somebody is there, or is about to be, or the run says nothing. */
  readonly live: readonly Reason[];
  /** The history alone, of the addresses that are added. */
  readonly history: readonly Reason[];
  /** Worth a look, and no hindrance. */
  readonly notes: readonly Reason[];
}

interface Heard {
  readonly address: string;
  readonly mac: string | null;
  readonly vendor: string | null;
  readonly hostname: string | null;
  readonly how: string;
  readonly intent: boolean;
}

export function judgeLive({ live, withheld }: VerifyAnswer, context: LiveContext): LiveJudgement {
  const { kept, added, nodeMacs, held } = context;
  const reasons: Reason[] = [];
  if (!live.valid) {
    reasons.push({
      code: 'live-run-invalid',
      text: `The live run is not valid (${printable(live.invalidReason ?? 'no reason given', 64)}): silence in it proves nothing.`,
      fix: 'Try again. It is invalid where no host that is known to be alive answered, or the link was down.',
    });
  }
  reasons.push(...notProbed(live, context));
  const told = new Set<string>();
  for (const heard of [...answersOf(live), ...sightingsOf(live)]) {
    const address = addressOrNull(heard.address);
    const isNode = heard.mac !== null && nodeMacs.has(heard.mac);
    const isKept = address !== null && setContains(kept, address);
    const isAnnounced = isKept && isNode && !heard.intent;
    if (isAnnounced && held.has(heard.address)) continue;
    const key = `${heard.address} ${heard.mac ?? ''}`;
    if (told.has(key)) continue;
    told.add(key);
    reasons.push(isAnnounced ? atUnassigned(heard) : reasonOf(heard, isKept && heard.mac !== null && !isNode));
  }
  if (live.heardTruncated) {
    reasons.push({ code: 'live-heard-too-much', text: 'More was heard at these addresses than can be listed.', fix: null });
  }
  return { live: reasons, history: reasonsFor(withheld, added), notes: severalNodes(live, context) };
}

const answersOf = (live: VerifyAnswer['live']): readonly Heard[] =>
  live.conflicts.map(({ address, mac, vendor, kind }) => ({
    address,
    mac,
    vendor,
    // What it calls itself is known where it spoke DHCP, too.
    hostname:
      live.heard.find((heard) => heard.address === address && heard.mac === mac && heard.hostname !== null)?.hostname ?? null,
    how: kind === 'used' ? 'uses it' : 'probes for it, to use it',
    intent: kind === 'probed',
  }));

const sightingsOf = (live: VerifyAnswer['live']): readonly Heard[] =>
  live.heard.map(({ address, mac, vendor, hostname, sources, intent }) => ({
    address,
    mac,
    vendor,
    hostname,
    how: `${intent ? 'is about to use it' : 'uses it'} (${sources.join(', ')})`,
    intent,
  }));

/**
 * Silence where nothing was asked is no silence. An address that a Service of the pool holds is left out: with kube-proxy in IPVS mode
 * each node has it as its own, so that a daemon on a node can never ask for it.
 */
function notProbed(live: VerifyAnswer['live'], { kept, added, held }: LiveContext): readonly Reason[] {
  const asked = rangeSet(live.notAsked.flatMap((one) => rangeOf(one) ?? []));
  const served = intersectSets(kept, rangeSetOfAddresses([...held].flatMap((one) => addressOrNull(one) ?? [])));
  return subtract(intersectSets(union(kept, added), asked), served).map((range) => ({
    code: 'not-probed',
    text: `${formatRange(range)} was not probed: it is excluded in the configuration of the segment, or it is an address of the machine that probes, or of the network itself.`,
    fix: "Claim a range without it, or take it out of the segment's exclude.",
  }));
}

/** In one run of a few seconds; a failover takes longer than that, or shows only once. */
function severalNodes(live: VerifyAnswer['live'], { kept, nodeMacs, held }: LiveContext): readonly Reason[] {
  const answering = new Map<string, Set<string>>();
  for (const { address, mac, kind } of live.conflicts) {
    const number = addressOrNull(address);
    if (kind !== 'used' || number === null || !nodeMacs.has(mac) || !setContains(kept, number) || !held.has(address)) continue;
    answering.set(address, (answering.get(address) ?? new Set()).add(mac));
  }
  return [...answering].flatMap(([address, macs]) =>
    macs.size < 2
      ? []
      : [
          {
            code: 'several-nodes-answer',
            text: `${address}: ${[...macs]
              .sort()
              .map((mac) => printable(mac, 17))
              .join(' and ')} answer for it at the same time, and only one node is to announce an address.`,
            fix: 'With kube-proxy in IPVS mode: freehold strict-arp looks whether strictARP is on. Speakers that do not see each other do the same, and so does one node with two cards in this network: name one with --interface.',
          },
        ],
  );
}

/** A leftover, or somebody else's: whoever gets the address next shares it with that node. */
const atUnassigned = ({ address, mac, how }: Heard): Reason => ({
  code: 'node-at-unassigned',
  text: `${address}: the node with ${printable(mac ?? '', 17)} ${how}, and no Service holds it.`,
  fix: `Where its Service was deleted a moment ago: try again. Else something else on that node has it, as kube-ipvs0 or another load balancer: ip address show to ${address}`,
});

function reasonOf({ address, mac, vendor, hostname, how }: Heard, mayBeNode: boolean): Reason {
  const names = [hostname, vendor].flatMap((name) => (name === null ? [] : [printable(name, 64)]));
  const who = `${mac === null ? 'somebody' : printable(mac, 17)}${names.length === 0 ? '' : ` (${names.join(', ')})`}`;
  return {
    code: 'somebody-is-there',
    text: `${address}: ${who} ${how}`,
    fix: mayBeNode
      ? 'If that is a node of the cluster: its MAC is not known here. Let the daemon read the cluster (metallb.kubeconfig), or name it under metallb.speakers.'
      : null,
  };
}
