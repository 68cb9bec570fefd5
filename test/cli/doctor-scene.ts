/** `freehold doctor` in this process, against a cluster double and a stand-in daemon: on loopback, with a machine that the test makes up. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { DoctorDocument } from '../../src/cli/doctor/document.ts';
import type { GatherPorts } from '../../src/cli/doctor/gather.ts';
import { type DoctorOptions, doctorCommand } from '../../src/cli/doctor.ts';
import { parseCidr } from '../../src/core/address/cidr.ts';
import type { Mac } from '../../src/core/address/mac.ts';
import type { Scan, ScanReport } from '../../src/watch/scan-types.ts';
import { ip } from '../ledger/fixtures.ts';
import { caughtOutput } from './catcher.ts';

/** Nobody listens there. */
export const NO_DAEMON = 'http://127.0.0.1:1';

const cidr = parseCidr('192.0.2.0/24');
if (!cidr.ok) throw new Error(cidr.error);
const network = cidr.value;

/** A jump host at 192.0.2.5 on lan0, whose router is 192.0.2.1. */
export const machine: GatherPorts['readMachine'] = async () => ({
  interfaces: [{ name: 'lan0', up: true, addresses: [{ address: ip('192.0.2.5'), network }], gateways: [ip('192.0.2.1')] }],
  dnsServers: [ip('192.0.2.1')],
  mayNotSend: null,
});

/** A sweep of which these answer; everybody is asked. */
export const answering =
  (answers: Readonly<Record<string, readonly string[]>>, more: Partial<ScanReport> = {}): Scan =>
  async ({ interfaceName, range }) => ({
    interfaceName,
    range: range ?? { first: ip('192.0.2.0'), last: ip('192.0.2.255') },
    startedMs: 0,
    durationMs: 1,
    probesSent: 1,
    sendFailures: 0,
    repliesReceived: 0,
    kernelDrops: 0,
    valid: true,
    invalidReason: null,
    hosts: Object.entries(answers).map(([address, macs]) => ({
      address: ip(address),
      macs: macs as readonly Mac[],
      sources: ['arp-reply'],
      verdict: 'occupied',
    })),
    standIns: [],
    ...more,
  });

const noScan: Scan = async () => {
  throw new Error('nothing may be asked on the wire here');
};

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly document: DoctorDocument;
  status(name: string): string | undefined;
  seen(name: string): string;
}

export async function doctor(options: Partial<DoctorOptions>, ports: Partial<GatherPorts> = {}): Promise<Ran> {
  const { output, stdout } = caughtOutput();
  const folder = mkdtempSync(join(tmpdir(), 'freehold-doctor-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const config = join(folder, 'freehold.yaml');
  writeFileSync(config, '');
  const code = await doctorCommand({ namespace: 'metallb-system', url: NO_DAEMON, config, json: true, ...options }, output, {
    readMachine: machine,
    scan: noScan,
    nowMs: () => Date.UTC(2026, 4, 5, 10),
    ...ports,
  });
  const text = stdout.text();
  const document = (text.startsWith('{') ? JSON.parse(text) : null) as DoctorDocument;
  const find = (name: string) => document.checks.find((check) => check.name === name);
  return { code, stdout: text, document, status: (name) => find(name)?.status, seen: (name) => find(name)?.seen ?? '' };
}

/** A daemon that answers by path; what is not given is not found. */
export async function daemonThatSays(answers: Readonly<Record<string, unknown>>): Promise<string> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const body = answers[path];
    response.writeHead(body === undefined ? 404 : 200, {
      'content-type': body === undefined ? 'application/problem+json' : 'application/json',
    });
    response.end(JSON.stringify(body ?? { status: 404, code: 'not-found', detail: 'There is nothing here.' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
