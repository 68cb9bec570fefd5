/**
 * Kills the daemon again and again while strangers take addresses of the pool, and counts what became of their alerts: what the
 * ledger knows, what the webhook got, and in which order. For a lab test, and for a benchmark of many rounds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { Mac } from '../../src/core/address/mac.ts';
import { announcement, dhcpRequest, request } from '../lab/arp-frames.ts';
import { seededSequence } from '../lab/temper.ts';
import { GATEWAY, type GuardedProcess, macOf } from './guarded.ts';
import { until } from './running.ts';

const FIRST = 30;
const ADDRESSES = 200;
export const KILL_POOL = `192.0.2.${FIRST}-192.0.2.${FIRST + ADDRESSES - 1}`;
/** In each round; at most eight strangers of one address are kept apart, so there are 400 rounds at most. */
const STRANGERS = 4;
/** From the last of a round's frames to the kill: in every other round so short that the alerts are just under way. */
const [SHORT_MS, LONG_MS] = [40, 800];
const LONGEST_ANSWER_MS = 30;
const PATIENCE_MS = 30_000;

interface Stranger {
  readonly address: string;
  readonly mac: Mac;
  readonly intent: Uint8Array;
  readonly use: Uint8Array;
}

export interface KillFigures {
  readonly rounds: number;
  readonly strangers: number;
  /** Alerts in the ledger at the end, and those of them that never arrived. */
  readonly alerts: number;
  readonly lost: readonly string[];
  /** Ids that came twice, and those that came more often than that. */
  readonly twice: number;
  readonly oftener: readonly string[];
  /** Ids that came again with another content, or after a later one of their conflict. */
  readonly changed: readonly string[];
  readonly disordered: readonly string[];
  /** Strangers whose frame was sent before the kill, but was not in the ledger after it; they speak again. */
  readonly heardAgain: number;
  /** Of the deliveries in the ledger at the end. */
  readonly undelivered: number;
  readonly integrity: string;
}

/** The scene's pool is KILL_POOL, its daemon runs. It has ended afterwards. @param seed of what is random */
export async function killLoop(scene: GuardedProcess, rounds: number, seed: number): Promise<KillFigures> {
  const random = seededSequence(seed);
  scene.webhook.answerAfter(() => Math.floor(random() * LONGEST_ANSWER_MS));
  let heardAgain = 0;
  for (let round = 0; round < rounds; round++) {
    const strangers = Array.from({ length: STRANGERS }, (_, n) => strangerOf(round * STRANGERS + n));
    // Half of them say what they are about to do first: they escalate.
    await scene.injector.send(...strangers.filter((_, n) => n % 2 === 0).map(({ intent }) => intent));
    await sleep(random() * SHORT_MS);
    await scene.injector.send(...strangers.map(({ use }) => use));
    await sleep(random() * (round % 2 === 0 ? SHORT_MS : LONG_MS));
    await scene.daemon.end('SIGKILL');
    await scene.daemon.start();
    const known = usesIn(scene.daemon.ledgerPath);
    const unheard = strangers.filter((stranger) => !known.has(keyOf(stranger)));
    heardAgain += unheard.length;
    if (unheard.length > 0) await scene.injector.send(...unheard.map(({ use }) => use));
    await until('everybody of the round is told of', () => strangers.every((one) => isTold(scene, one)), PATIENCE_MS);
    await until('the outbox is empty', () => undeliveredIn(scene.daemon.ledgerPath) === 0, PATIENCE_MS);
  }
  await scene.daemon.end('SIGTERM');
  return { rounds, strangers: rounds * STRANGERS, heardAgain, ...figuresOf(scene) };
}

function strangerOf(number: number): Stranger {
  const address = `192.0.2.${FIRST + (number % ADDRESSES)}`;
  const mac = macOf(0x100000 + number);
  const use = number % 4 < 2 ? announcement(mac, address) : request(mac, address, GATEWAY);
  return { address, mac, use, intent: dhcpRequest(mac, address, GATEWAY) };
}

const keyOf = ({ address, mac }: Pick<Stranger, 'address' | 'mac'>): string => `${address} ${mac}`;

/** That it uses the address, not only that it wants it. */
const isTold = (scene: GuardedProcess, { address, mac }: Stranger): boolean =>
  scene.alerts(address).some(({ message: { conflict } }) => conflict?.mac === mac && conflict.kind === 'squatter');

function inLedger<T>(path: string, ask: (database: Database.Database) => T): T {
  const database = new Database(path, { readonly: true, timeout: 5000 });
  try {
    return ask(database);
  } finally {
    database.close();
  }
}

const usesIn = (path: string): ReadonlySet<string> =>
  inLedger(path, (database) => {
    const messages = database.prepare<[], string>('SELECT message FROM alert').pluck().all();
    return new Set(
      messages.flatMap((text) => {
        const { conflict } = JSON.parse(text) as { conflict: { address: string; mac: Mac; kind: string } };
        return conflict.kind === 'squatter' ? keyOf(conflict) : [];
      }),
    );
  });

const UNDELIVERED = "SELECT count(*) FROM delivery WHERE outcome IS NOT 'delivered'";
const undeliveredIn = (path: string): number =>
  inLedger(path, (database) => database.prepare<[], number>(UNDELIVERED).pluck().get() ?? 0);

function figuresOf(scene: GuardedProcess): Omit<KillFigures, 'rounds' | 'strangers' | 'heardAgain'> {
  const times = new Map<string, number>();
  const contents = new Map<string, string>();
  const newest = new Map<number, number>();
  const [changed, disordered] = [[] as string[], [] as string[]];
  for (const { message } of scene.alerts()) {
    const { id, conflict } = message;
    const content = JSON.stringify(message);
    if ((contents.get(id) ?? content) !== content) changed.push(id);
    contents.set(id, content);
    times.set(id, (times.get(id) ?? 0) + 1);
    if (conflict === null) continue;
    if (conflict.seq < (newest.get(conflict.id) ?? 0)) disordered.push(id);
    newest.set(conflict.id, conflict.seq);
  }
  return inLedger(scene.daemon.ledgerPath, (database) => {
    const ids = database.prepare<[], string>("SELECT conflict || '-' || seq FROM alert").pluck().all();
    return {
      alerts: ids.length,
      lost: ids.filter((id) => !times.has(id)),
      twice: [...times.values()].filter((count) => count === 2).length,
      oftener: [...times].filter(([, count]) => count > 2).map(([id]) => id),
      changed,
      disordered,
      undelivered: database.prepare<[], number>(UNDELIVERED).pluck().get() ?? 0,
      integrity: String(database.pragma('integrity_check', { simple: true })),
    };
  });
}
