/**
 * From the frame on the wire to the webhook's receipt: with a sweep of a /16 at rate max under way all the time and without one,
 * and under a flood. The real daemon; the webhook's receiver and the stranger's socket are processes of their own beside it.
 */
import { existsSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseIpv4 } from '../src/core/address/ipv4.ts';
import type { ConflictsAnswer } from '../src/http/guard-service.ts';
import type { SegmentJson, SweepJson } from '../src/http/service.ts';
import { startWebhook } from '../test/daemon/webhook.ts';
import { hexOf, type Injector, injectorIn } from '../test/lab/injector.ts';
import { scatter } from '../test/lab/kernel-hosts.ts';
import { seededSequence } from '../test/lab/temper.ts';
import { startDaemonProcess } from './daemon-process.ts';
import { quantile } from './measure.ts';
import { createPair } from './pair.ts';
import { type Sign, type Stranger, strangers } from './strangers.ts';

/** RFC 2544: the benchmark network. */
const CIDR = '198.18.0.0/16';
const OWN = '198.18.0.5';
const GATEWAY = '198.18.0.1';
const HOSTS = 5000;
const POOL = '198.18.128.0-198.18.143.255';
const CONFLICTS = 1000;
const PROBES = 100;
/** Of the thousand: about 45 s. */
const MEAN_GAP_MS = 45;
const FLOOD_FRAMES = 200_000;
const FLOOD_CONFLICTS = 100;
const ARRIVAL_MS = 15_000;
/** What a flood left folded in memory goes to the disk in slices. */
const FOLDED_MS = 8000;

/** The lower half holds the hosts, and the flood's addresses. */
const hosts = scatter('198.18.0.0/17', HOSTS, { seed: 16, avoid: [OWN, GATEWAY, '198.18.0.0'] });
const folder = await mkdtemp(join(tmpdir(), 'freehold-bench-'));
const webhook = await startWebhook();
const random = seededSequence(1);
let exitCode = 0;

/** Epoch ms of the first receipt, by address. */
const receipts = new Map<string, number>();
let read = 0;
function received(address: string): number | undefined {
  for (; read < webhook.received.length; read++) {
    const { message, atMs } = webhook.received[read] ?? {};
    const about = message?.conflict?.address;
    if (about !== undefined && atMs !== undefined && !receipts.has(about)) receipts.set(about, atMs);
  }
  return receipts.get(address);
}

async function allReceived(all: readonly Stranger[]): Promise<void> {
  const deadline = performance.now() + ARRIVAL_MS;
  while (performance.now() < deadline && all.some(({ address }) => received(address) === undefined)) await sleep(50);
}

/** @returns latencies, ms; one that never came is infinite */
async function alertLatencies(injector: Injector, all: readonly Stranger[]): Promise<Map<Stranger, number>> {
  const sent = new Map<Stranger, number>();
  for (const stranger of all) {
    await sleep(-Math.log(1 - random()) * MEAN_GAP_MS);
    const [stamp] = await injector.send(stranger.frame);
    if (stamp !== undefined) sent.set(stranger, stamp);
  }
  await allReceived(all);
  return new Map(
    [...sent].map(([stranger, stamp]) => [stranger, (received(stranger.address) ?? Number.POSITIVE_INFINITY) - stamp]),
  );
}

const ms = (value: number): string => `${value.toFixed(1)} ms`;

function show(label: string, latencies: readonly number[]): void {
  const lost = latencies.filter((value) => value === Number.POSITIVE_INFINITY).length;
  process.stdout.write(
    `  ${label.padEnd(34)} ${String(latencies.length).padStart(4)}: median ${ms(quantile(latencies, 0.5))}, p90 ${ms(quantile(latencies, 0.9))}, p99 ${ms(quantile(latencies, 0.99))}, longest ${ms(Math.max(...latencies))}${lost > 0 ? `; ${lost} NEVER ALERTED` : ''}\n`,
  );
  if (lost > 0) exitCode = 1;
}

function invalidReasons(all: readonly SweepJson[]): string {
  const reasons = new Set(all.flatMap(({ invalidReason }) => invalidReason ?? []));
  return reasons.size === 0 ? '' : ` (others: ${[...reasons].join(', ')})`;
}

const namespace = await createPair('lan0', CIDR, OWN, [GATEWAY, ...hosts]);
const injector = await injectorIn(namespace, 'eth0');
const ledgerPath = join(folder, 'freehold.db');
try {
  const daemon = await startDaemonProcess(
    folder,
    `segments: [{ name: lan, interface: lan0, rate: max, schedule: "0 0 0 1 1 *", controls: [${[GATEWAY, ...hosts.slice(0, 15)].join(', ')}] }]
metallb: { pools: [{ name: production-pool, addresses: [${POOL}] }] }
guard: { closeAfter: 1h }
alerts: { channels: [{ type: webhook, url: "${webhook.url}" }] }
ledger: { path: ${ledgerPath} }
log: { level: error }`,
  );
  const segment = async (): Promise<SegmentJson | undefined> =>
    (await daemon.client.get<{ segments: SegmentJson[] }>('/segments')).segments[0];

  const MIX: readonly Sign[] = ['announcement', 'request', 'dhcp-request'];
  process.stdout.write(
    `\nFrom the frame to the webhook's receipt: /16 with ${HOSTS} hosts, pool of 4096 addresses, ${CONFLICTS} conflicts (announcements, requests and DHCP requests) about ${MEAN_GAP_MS} ms apart\n`,
  );
  const first = await daemon.client.post<{ sweep: SweepJson | null }>('/sweeps', { wait: true });
  if (first.sweep?.valid !== true) throw new Error(`the first sweep proves nothing: ${first.sweep?.invalidReason}`);

  let sweeping = true;
  const sweeps: SweepJson[] = [];
  const sweepsEnd = (async () => {
    while (sweeping) {
      const { sweep } = await daemon.client.post<{ sweep: SweepJson | null }>('/sweeps', { wait: true });
      if (sweep !== null) sweeps.push(sweep);
    }
  })();
  const cpuBefore = daemon.cpuMs();
  const from = performance.now();
  const busy = await alertLatencies(injector, strangers('198.18.128.0', CONFLICTS, MIX, GATEWAY));
  const busyShare = (100 * (daemon.cpuMs() - cpuBefore)) / (performance.now() - from);
  sweeping = false;
  await sweepsEnd;
  show('while the /16 is swept at max', [...busy.values()]);
  for (const sign of MIX)
    show(
      `  ${sign}`,
      [...busy].filter(([one]) => one.sign === sign).map(([, value]) => value),
    );
  process.stdout.write(
    `    ${sweeps.length} sweeps one after the other, ${sweeps.filter(({ valid }) => valid).length} valid${invalidReasons(sweeps)}, ${quantile(
      sweeps.map(({ durationMs }) => durationMs),
      0.5,
    )} ms each, ${sweeps[0]?.probesSent} probes each, ${sweeps[0]?.answered} answered; CPU ${busyShare.toFixed(0)} % of a core, RSS ${daemon.rssMb().toFixed(0)} MB\n`,
  );
  const idle = await alertLatencies(injector, strangers('198.18.132.0', CONFLICTS, MIX, GATEWAY));
  show('without a sweep', [...idle.values()]);
  const probes = await alertLatencies(injector, strangers('198.18.136.0', PROBES, ['probe'], GATEWAY));
  show('ARP probes, held 100 ms on purpose', [...probes.values()]);
  process.stdout.write('  (target: median at most 20 ms, p99 at most 100 ms, while it is swept)\n');

  process.stdout.write(
    `\nA flood: ${FLOOD_FRAMES} ARP frames by random senders for random addresses, as fast as the pair carries them, ${FLOOD_CONFLICTS} conflicts hidden among them; twice\n`,
  );
  const ledgerBytes = (): number =>
    ['', '-wal'].reduce((sum, suffix) => sum + (existsSync(ledgerPath + suffix) ? statSync(ledgerPath + suffix).size : 0), 0);
  const cost = async () => ({ segment: await segment(), rss: daemon.rssMb(), bytes: ledgerBytes(), cpu: daemon.cpuMs() });
  const firstAddress = parseIpv4('198.18.0.0');
  if (!firstAddress.ok) throw new Error(firstAddress.error);
  for (const [round, first] of ['198.18.140.0', '198.18.141.0'].entries()) {
    const before = await cost();
    const hidden = strangers(first, FLOOD_CONFLICTS, MIX, GATEWAY);
    const began = performance.now();
    const stamps = await injector.flood({
      frames: FLOOD_FRAMES,
      seed: 3 + round,
      firstAddress: firstAddress.value,
      addresses: 1 << 15,
      hidden: hidden.map(({ frame }) => hexOf(frame)),
    });
    const floodMs = performance.now() - began;
    await allReceived(hidden);
    await sleep(FOLDED_MS);
    const after = await cost();
    show(
      'hidden conflicts',
      hidden.map(({ address }, n) => (received(address) ?? Number.POSITIVE_INFINITY) - (stamps[n] ?? 0)),
    );
    const heard = (after.segment?.framesReceived ?? 0) - (before.segment?.framesReceived ?? 0);
    const drops = (after.segment?.kernelDrops ?? 0) - (before.segment?.kernelDrops ?? 0);
    process.stdout.write(
      `    sent in ${(floodMs / 1000).toFixed(1)} s (${Math.round(FLOOD_FRAMES / floodMs)} frames a ms), ${heard} heard, ${drops} dropped by the kernel; CPU ${Math.round(after.cpu - before.cpu)} ms\n`,
    );
    process.stdout.write(
      `    RSS ${before.rss.toFixed(0)} MB before, ${daemon.peakRssMb().toFixed(0)} MB at most, ${after.rss.toFixed(0)} MB after; ledger ${((after.bytes - before.bytes) / 1024).toFixed(0)} KB larger (${(after.bytes / (1 << 20)).toFixed(1)} MB)\n`,
    );
  }
  const { conflicts } = await daemon.client.get<ConflictsAnswer>('/conflicts', { limit: '1' });
  if (conflicts.length === 0) throw new Error('the daemon knows of no conflict');
  await daemon.stop();
} finally {
  await injector.close();
  await webhook.close();
  await rm(folder, { recursive: true, force: true });
}
process.exit(exitCode);
