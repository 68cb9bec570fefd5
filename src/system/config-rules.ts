/**
 * Rules between the values of a configuration. Works on the document as written, so that these problems show together with
 * those of single values; a value that cannot be read is passed over here, its own problem is already told.
 */
import { rangeOfCidr } from '../core/address/cidr.ts';
import { formatIpv4 } from '../core/address/ipv4.ts';
import { contains, formatRange, type Ipv4Range, overlaps } from '../core/address/range.ts';
import { rangeSet, setContains } from '../core/address/range-set.ts';
import { DEFAULT_CRITERIA } from '../core/evidence/criteria.ts';
import { brokenAlertRules } from './config-alert-rules.ts';
import * as field from './config-fields.ts';
import { brokenMetallbRules } from './config-metallb-rules.ts';
import { asList, asRaw, duplicateNames, isRaw, type Raw, type RuleProblem, read } from './config-raw.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { isLoopbackHost } from './listen-address.ts';

export function brokenRules(document: unknown): readonly RuleProblem[] {
  const top = asRaw(document);
  const segments = asList(top['segments']);
  return [
    ...duplicateNames(segments, ['segments']),
    ...overlapping(segments),
    ...sameInterface(segments),
    ...segments.flatMap((segment, index) =>
      isRaw(segment) ? [...missingInterface(segment, index), ...outsideOfCidr(segment, index)] : [],
    ),
    ...brokenMetallbRules(asRaw(top['metallb'])),
    ...brokenAlertRules(asRaw(top['alerts'])),
    ...openListen(asRaw(top['http'])),
    ...keptTooShort(asRaw(top['ledger']), asRaw(top['proof'])),
  ];
}

/** An address used in one segment could be called free in the other. */
function overlapping(segments: readonly unknown[]): RuleProblem[] {
  const earlier: { readonly range: Ipv4Range; readonly index: number }[] = [];
  return segments.flatMap((segment, index) => {
    const cidr = read(field.cidr, asRaw(segment)['cidr']);
    if (cidr === undefined) return [];
    const range = rangeOfCidr(cidr);
    const other = earlier.find((one) => overlaps(one.range, range));
    earlier.push({ range, index });
    if (other === undefined) return [];
    return [
      {
        path: ['segments', index, 'cidr'],
        message: `expected a network of its own (it overlaps that of segments[${other.index}])`,
      },
    ];
  });
}

/** Twice the same network. */
function sameInterface(segments: readonly unknown[]): RuleProblem[] {
  const first = new Map<string, number>();
  return segments.flatMap((segment, index) => {
    const { interface: name, cidr } = asRaw(segment);
    if (typeof name !== 'string' || cidr !== undefined) return [];
    const earlier = first.get(name);
    if (earlier === undefined) {
      first.set(name, index);
      return [];
    }
    return [
      {
        path: ['segments', index, 'interface'],
        message: `expected a cidr beside it (segments[${earlier}] is this interface's own network already)`,
      },
    ];
  });
}

function missingInterface(segment: Raw, index: number): RuleProblem[] {
  if (segment['interface'] !== undefined) return [];
  if (segment['method'] === 'icmp' && segment['cidr'] !== undefined) return [];
  const message = `is required: expected the name of a network interface, like eth0 (only a segment with method icmp and a cidr needs none)`;
  return [{ path: ['segments', index, 'interface'], message }];
}

function outsideOfCidr(segment: Raw, index: number): RuleProblem[] {
  const cidr = read(field.cidr, segment['cidr']);
  const whole = cidr === undefined ? undefined : rangeOfCidr(cidr);
  const problems: RuleProblem[] = [];
  const check = (key: string, position: number, range: Ipv4Range): void => {
    if (whole === undefined || (contains(whole, range.first) && contains(whole, range.last))) return;
    problems.push({
      path: ['segments', index, key, position],
      message: `expected addresses of the segment's cidr (${formatRange(whole)})`,
    });
  };
  const excluded: Ipv4Range[] = [];
  for (const key of ['exclude', 'reserved']) {
    for (const [position, item] of asList(segment[key]).entries()) {
      const range = read(field.range, item);
      if (range === undefined) continue;
      if (key === 'exclude') excluded.push(range);
      check(key, position, range);
    }
  }
  const never = rangeSet(excluded);
  for (const [position, item] of asList(segment['controls']).entries()) {
    const address = read(field.address, item);
    if (address === undefined) continue;
    // A routed network may be all silence: its control may lie before it, or anywhere.
    if (segment['method'] === 'arp') check('controls', position, { first: address, last: address });
    if (setContains(never, address)) {
      const message = `expected an address that is probed (${formatIpv4(address)} is in exclude)`;
      problems.push({ path: ['segments', index, 'controls', position], message });
    }
  }
  return problems;
}

function openListen(http: Raw): RuleProblem[] {
  const listen = read(field.listen, http['listen']);
  if (listen?.kind !== 'tcp' || isLoopbackHost(listen.host) || http['tokenFile'] !== undefined) return [];
  const message =
    'expected a loopback address or a unix socket, or tokenFile beside it (others on the network can reach this one)';
  return [{ path: ['http', 'listen'], message }];
}

/** History that is thrown away before the window is over can never prove anything. */
function keptTooShort(ledger: Raw, proof: Raw): RuleProblem[] {
  const keep = typeof ledger['keep'] === 'string' ? parseDuration(ledger['keep']) : undefined;
  const written = proof['quietFor'];
  const quiet = typeof written === 'string' ? parseDuration(written) : undefined;
  if (keep?.ok !== true || quiet?.ok === false) return [];
  const quietForMs = quiet?.value ?? DEFAULT_CRITERIA.quietForMs;
  if (keep.value >= quietForMs) return [];
  return [{ path: ['ledger', 'keep'], message: `expected at least proof.quietFor (${formatDuration(quietForMs)})` }];
}
