/** What outlives the daemon: open conflicts, who acknowledged them, what was learned of DHCP. And what a reload takes back. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { announcement, dhcpAck, dhcpRequest } from '../lab/arp-frames.ts';
import { alertsTo, type GuardedProcess, macOf, metallb, segmentsOn, startGuardedProcess } from './guarded.ts';
import { until } from './running.ts';

const GONE = '192.0.2.210';
const INTENDED = '192.0.2.211';
const STAYING = '192.0.2.212';
const SERVER = '192.0.2.2';

let scene: GuardedProcess;
const openAt = async (address: string) => (await scene.conflicts(address)).filter(({ state }) => state === 'open');
const overlaps = async () => (await scene.conflicts()).filter(({ kind, state }) => kind === 'scope-overlap' && state === 'open');
const eventsAt = (address: string) => scene.alerts(address).map(({ message }) => message.event);

beforeAll(async () => {
  scene = await startGuardedProcess({ hosts: [{ id: 'staying', addresses: [STAYING], macs: [macOf(0x72)] }] });
  await scene.daemon.sweep();
});
afterAll(() => scene?.close());

it('open conflicts are open after a restart, acknowledged as they were', async () => {
  await scene.injector.send(announcement(macOf(0x70), GONE), dhcpRequest(macOf(0x71), INTENDED, SERVER, 'printer'));
  // The server hands out addresses of the pool, from .205 to the one asked for: a conflict of its own.
  await scene.injector.send(
    dhcpAck(macOf(0x02), SERVER, macOf(0x73), '192.0.2.190'),
    dhcpAck(macOf(0x02), SERVER, macOf(0x74), '192.0.2.205'),
  );
  for (const address of [GONE, INTENDED, STAYING]) await scene.alerted(address);
  await until('the overlap', () => scene.alerts().some(({ message }) => message.conflict?.kind === 'scope-overlap'));
  const [gone] = await openAt(GONE);
  const said = await scene.daemon.freehold(
    'conflicts',
    'acknowledge',
    String(gone?.id),
    '--by',
    'anna',
    '--note',
    'I look into it',
  );
  expect(said).toMatchObject({ status: 0, stdout: expect.stringContaining('anna') });
  const before = await scene.conflicts();
  expect(before.map(({ kind }) => kind).sort()).toEqual(['imminent', 'imminent', 'scope-overlap', 'squatter', 'squatter']);

  const told = scene.alerts().length;
  expect(await scene.daemon.end('SIGTERM')).toBe(0);
  await scene.daemon.start();
  const after = await scene.conflicts();
  expect(after.map(({ id, kind, address, state }) => ({ id, kind, address, state }))).toEqual(
    before.map(({ id, kind, address, state }) => ({ id, kind, address, state })),
  );
  expect(after.find(({ address }) => address === GONE)?.acknowledged).toMatchObject({ by: 'anna', note: 'I look into it' });
  expect((await scene.daemon.freehold('conflicts')).status).toBe(3);
  await scene.daemon.sweep();
  // Nothing of it is told again.
  expect(scene.alerts()).toHaveLength(told);
});

it('who was silent for the quiet time is over, who answers is not', async () => {
  await until(
    'the end of the silent one',
    async () => {
      await scene.daemon.sweep();
      return eventsAt(GONE).includes('closed') && eventsAt(INTENDED).includes('closed');
    },
    60_000,
  );
  expect(await scene.conflicts(GONE)).toMatchObject([{ state: 'closed', closeReason: 'quiet', acknowledged: { by: 'anna' } }]);
  expect(await scene.conflicts(INTENDED)).toMatchObject([{ state: 'closed', closeReason: 'quiet' }]);
  expect(await openAt(STAYING)).toMatchObject([{ kind: 'squatter', mac: macOf(0x72) }]);
  expect(eventsAt(GONE)).toEqual(['opened', 'closed']);
});

it('a server that was heard before the restart is compared with new pools after it', async () => {
  expect(await overlaps()).toMatchObject([{ overlap: { start: '192.0.2.205', end: INTENDED } }]);
  await scene.daemon.reload(`${segmentsOn(scene.lan)}${metallb('192.0.2.188-192.0.2.239')}${alertsTo(scene.webhook)}`);
  await until('the wider overlap', async () => (await overlaps())[0]?.overlap?.start === '192.0.2.190');
  expect(await overlaps()).toMatchObject([{ overlap: { start: '192.0.2.190', end: INTENDED } }]);
});

it('a pool that is gone takes its conflicts with it', async () => {
  await scene.daemon.reload(`${segmentsOn(scene.lan)}${metallb('192.0.2.240-192.0.2.250')}${alertsTo(scene.webhook)}`);
  await until('the ends are told', () => eventsAt(STAYING).includes('closed'));
  expect(await scene.conflicts(STAYING)).toMatchObject([{ state: 'closed', closeReason: 'not-in-pool' }]);
  await until('no conflict is open', async () => (await scene.conflicts()).every(({ state }) => state === 'closed'));
  expect((await scene.daemon.freehold('conflicts')).status).toBe(0);
});
