/**
 * What a live RFC 5227 run means for a claim: whoever answered, probed, or spoke to a DHCP server about an address of it is a reason not
 * to make it. Only a node that answers for an address which the pool has already is what it should be. Pure.
 */
import { type RangeSet, setContains } from '../../core/address/range-set.ts';
import { printable } from '../../core/text.ts';
import type { VerifyAnswer } from '../../http/service.ts';
import { addressOrNull, reasonsFor } from './history.ts';
import type { Reason } from './refusal.ts';

export interface LiveContext {
  /** In the pool before and after. */
  readonly kept: RangeSet;
  readonly added: RangeSet;
  /** MACs of the nodes, as far as they are known. */
  readonly nodeMacs: ReadonlySet<string>;
}

export interface LiveJudgement {
  /** Somebody is there, or is about to be, or the run says nothing. */
  readonly live: readonly Reason[];
  /** The history alone, of the addresses that are added. */
  readonly history: readonly Reason[];
}

interface Heard {
  readonly address: string;
  readonly mac: string | null;
  readonly vendor: string | null;
  readonly hostname: string | null;
  readonly how: string;
  readonly intent: boolean;
}

export function judgeLive({ live, withheld }: VerifyAnswer, { kept, added, nodeMacs }: LiveContext): LiveJudgement {
  const reasons: Reason[] = [];
  if (!live.valid) {
    reasons.push({
      code: 'live-run-invalid',
      text: `The live run is not valid (${printable(live.invalidReason ?? 'no reason given', 64)}): silence in it proves nothing.`,
      fix: 'Try again. It is invalid where no host that is known to be alive answered, or the link was down.',
    });
  }
  const told = new Set<string>();
  for (const heard of [...answersOf(live), ...sightingsOf(live)]) {
    const address = addressOrNull(heard.address);
    const isNode = heard.mac !== null && nodeMacs.has(heard.mac);
    if (address !== null && isNode && !heard.intent && setContains(kept, address)) continue;
    const key = `${heard.address} ${heard.mac ?? ''}`;
    if (told.has(key)) continue;
    told.add(key);
    reasons.push(reasonOf(heard, address !== null && setContains(kept, address), nodeMacs.size > 0));
  }
  if (live.heardTruncated) {
    reasons.push({ code: 'live-heard-too-much', text: 'More was heard at these addresses than can be listed.', fix: null });
  }
  return { live: reasons, history: reasonsFor(withheld, added) };
}

const answersOf = (live: VerifyAnswer['live']): readonly Heard[] =>
  live.conflicts.map(({ address, mac, vendor, kind }) => ({
    address,
    mac,
    vendor,
    // What it calls itself is known where it spoke DHCP, too.
    hostname: live.heard.find((heard) => heard.address === address && heard.mac === mac)?.hostname ?? null,
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

function reasonOf({ address, mac, vendor, hostname, how }: Heard, isKept: boolean, nodesKnown: boolean): Reason {
  const names = [hostname, vendor].flatMap((name) => (name === null ? [] : [printable(name, 64)]));
  const who = `${mac === null ? 'somebody' : printable(mac, 17)}${names.length === 0 ? '' : ` (${names.join(', ')})`}`;
  return {
    code: 'somebody-is-there',
    text: `${address}: ${who} ${how}`,
    fix:
      isKept && !nodesKnown
        ? 'If that is a node of the cluster: its MAC is not known here. Let the daemon read the cluster (metallb.kubeconfig), or name it under metallb.speakers.'
        : null,
  };
}
