import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import type { StoredClusterView } from '../../src/ledger/cluster-view.ts';
import { ip, mac, newLedger, openAt, set, T0 } from './fixtures.ts';

const VIEW: StoredClusterView = {
  server: 'https://192.0.2.9:6443',
  namespace: 'metallb-system',
  asOfMs: T0,
  knowledge: {
    pools: [
      { name: 'production', addresses: set('192.0.2.200-192.0.2.209', '255.255.255.255') },
      { name: 'all', addresses: set('0.0.0.0-255.255.255.255') },
    ],
    services: {
      assignments: [
        { address: ip('192.0.2.200'), service: 'shop/web', node: 'node-1', reportedNodes: ['node-1', 'node-2'] },
        { address: ip('192.0.2.201'), service: 'shop/mail', node: null, reportedNodes: [] },
        { address: ip('192.0.2.202'), service: 'shop/old', node: null },
      ],
      requested: [{ address: ip('192.0.2.66'), service: 'shop/new' }],
    },
    nodes: [
      { name: 'node-1', internal: [ip('192.0.2.11')], external: [ip('203.0.113.1')], ready: true },
      { name: 'node-2', internal: [], external: [], ready: false },
    ],
  },
  macs: [
    { node: 'node-1', mac: mac('02:00:00:00:00:0a'), firstMs: T0 - 5, lastMs: T0, suspect: false },
    { node: 'node-1', mac: mac('02:00:00:00:00:0b'), firstMs: T0 - 5, lastMs: T0, suspect: true },
  ],
};

describe('the view of the cluster', () => {
  it('comes back as it was saved, also after a restart; there is one', () => {
    const { ledger, path } = newLedger();
    expect(ledger.clusterView.load()).toBeNull();
    ledger.clusterView.save({ ...VIEW, server: 'https://192.0.2.8:6443' });
    ledger.clusterView.save(VIEW);
    expect(ledger.clusterView.load()).toEqual(VIEW);
    ledger.close();
    expect(openAt(path).clusterView.load()).toEqual(VIEW);
  });

  it('tells what was not known from what was empty', () => {
    const { ledger } = newLedger();
    const none = { ...VIEW, knowledge: { pools: null, services: null, nodes: null }, macs: [] };
    ledger.clusterView.save(none);
    expect(ledger.clusterView.load()).toEqual(none);
    const empty = { ...VIEW, knowledge: { pools: [], services: { assignments: [], requested: [] }, nodes: [] }, macs: [] };
    ledger.clusterView.save(empty);
    expect(ledger.clusterView.load()).toEqual(empty);
  });

  it('is known to be still true later, of the same server only', () => {
    const { ledger } = newLedger();
    ledger.clusterView.save(VIEW);
    ledger.clusterView.touch(VIEW.server, T0 + 60_000.5);
    expect(ledger.clusterView.load()).toEqual({ ...VIEW, asOfMs: T0 + 60_001 });
    ledger.clusterView.touch('https://192.0.2.8:6443', T0 + 90_000);
    expect(ledger.clusterView.load()?.asOfMs).toBe(T0 + 60_001);
  });

  it.each<[string, (view: Record<string, unknown>) => void]>([
    ['of another form', (view) => Object.assign(view, { form: 99 })],
    ['with an address that is none', (view) => Object.assign(view, { requested: [[4_294_967_296, 'a/b']] })],
    ['with a range that is upside down', (view) => Object.assign(view, { pools: [['p', [[2, 1]]]] })],
    ['with a node that is a number', (view) => Object.assign(view, { nodes: [7] })],
    ['with a MAC that is none', (view) => Object.assign(view, { macs: [['node-1', 'nonsense', 1, 1, false]] })],
    ['with assignments and no requests', (view) => Object.assign(view, { requested: null })],
    ['without a namespace', (view) => Object.assign(view, { namespace: null })],
  ])('is none where it is not whole: %s', (_, spoil) => {
    const { ledger, path } = newLedger();
    ledger.clusterView.save(VIEW);
    ledger.close();
    const database = new Database(path);
    const view = JSON.parse(database.prepare<[], string>('SELECT view FROM cluster_view').pluck().get() ?? '{}') as Record<
      string,
      unknown
    >;
    spoil(view);
    database.prepare('UPDATE cluster_view SET view = ?').run(JSON.stringify(view));
    database.close();
    expect(openAt(path).clusterView.load()).toBeNull();
  });
});
