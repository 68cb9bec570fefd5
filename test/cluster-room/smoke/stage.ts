/** A cluster with MetalLB and a pool, a wire on which its nodes answer, and a way to run the smoke test on them. */

import { type SmokeTestOptions, type SmokeTestParts, smokeTestCommand } from '../../../src/cli/smoke-test.ts';
import type { Connect } from '../../../src/cluster/smoke/checks.ts';
import type { Wire, WireLook } from '../../../src/cluster/smoke/wire.ts';
import { formatIpv4, type Ipv4 } from '../../../src/core/address/ipv4.ts';
import { type Mac, parseMac } from '../../../src/core/address/mac.ts';
import type { ClusterOptions } from '../../cluster/double.ts';
import { advertisement, bareCluster, pool, withMetallb } from '../../cluster/fixtures.ts';
import { caughtOutput, QUICK, type Rig, rig } from '../rig.ts';

export const POOL = 'production-pool';
export const NODE_MACS: Readonly<Record<string, string>> = {
  'node-1': '02:00:00:00:00:01',
  'node-2': '02:00:00:00:00:02',
  'node-3': '02:00:00:00:00:03',
};
const NODE_ADDRESSES: Readonly<Record<string, string>> = {
  '192.0.2.11': 'node-1',
  '192.0.2.12': 'node-2',
  '192.0.2.13': 'node-3',
};

/** Who answers, as a test may change it. */
export interface FakeWire extends Wire {
  /** address -> MACs */
  readonly holders: Map<string, Set<string>>;
  readonly looks: (readonly string[])[];
}

export const macOf = (text: string): Mac => {
  const mac = parseMac(text);
  if (!mac.ok) throw new Error(mac.error);
  return mac.value;
};

function fakeWire(): FakeWire {
  const holders = new Map<string, Set<string>>();
  for (const [address, node] of Object.entries(NODE_ADDRESSES)) holders.set(address, new Set([NODE_MACS[node] ?? '']));
  const looks: (readonly string[])[] = [];
  return {
    holders,
    looks,
    async ask(addresses: readonly Ipv4[]): Promise<WireLook> {
      looks.push(addresses.map(formatIpv4));
      const answers = new Map<Ipv4, readonly Mac[]>();
      for (const address of addresses) {
        const macs = [...(holders.get(formatIpv4(address)) ?? [])].map(macOf);
        if (macs.length > 0) answers.set(address, macs);
      }
      return { answers, standIns: new Set(), own: new Set(), invalid: null, from: 'lan0' };
    },
  };
}

export interface Stage extends Rig {
  readonly wire: FakeWire;
}

export const withPool = (...more: Parameters<typeof pool>[]) => [
  ...bareCluster(),
  ...withMetallb(),
  pool(POOL, ['192.0.2.200-192.0.2.210']),
  ...more.map((one) => pool(...one)),
  advertisement('production-advertisement'),
];

export async function stage(options: ClusterOptions = {}): Promise<Stage> {
  const wire = fakeWire();
  const on = await rig({
    objects: withPool(),
    onAnnounce: ({ address, node }) => {
      wire.holders.set(address, new Set([...(wire.holders.get(address) ?? []), NODE_MACS[node] ?? '']));
    },
    onWithdraw: ({ address, node }) => {
      wire.holders.get(address)?.delete(NODE_MACS[node] ?? '');
    },
    ...options,
  });
  return { ...on, wire };
}

export const OPTIONS: SmokeTestOptions = {
  namespace: 'metallb-system',
  replicas: 1,
  port: 80,
  targetPort: 8080,
  waitMs: 5000,
};

interface SmokeDocument {
  readonly namespace: string | null;
  readonly address: string | null;
  readonly passed: boolean;
  readonly interrupted: boolean;
  readonly left: string | null;
  readonly unseen: readonly string[];
  readonly error: { readonly code: string } | null;
  readonly steps: readonly { readonly name: string; readonly status: string; readonly detail: string }[];
}

export async function smoke(
  on: Stage,
  options: Partial<SmokeTestOptions> = {},
  parts: Partial<SmokeTestParts> & { readonly user?: string } = {},
) {
  const { output, stdout, stderr } = caughtOutput();
  const never = new AbortController().signal;
  const connect: Connect = async () => undefined;
  const code = await smokeTestCommand({ ...OPTIONS, ...options }, output, {
    api: on.api(parts.user),
    ask: null,
    interrupts: { first: never, second: never },
    wire: on.wire,
    speakers: new Set(),
    connect,
    pace: QUICK,
    removeMs: 5000,
    ...parts,
  });
  return {
    code,
    text: stdout.text().replace(/\s+/g, ' ').trim(),
    notes: stderr.text().replace(/\s+/g, ' ').trim(),
    document: (): SmokeDocument => JSON.parse(stdout.text()) as SmokeDocument,
  };
}

/** What a smoke test could have left. */
export const leftIn = ({ cluster }: Pick<Rig, 'cluster'>): readonly string[] =>
  ['Namespace', 'Deployment', 'Service', 'Pod', 'EndpointSlice'].flatMap((kind) =>
    cluster
      .objects(kind)
      .map(({ metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`)
      .filter((name) => name.includes('freehold-smoke')),
  );
