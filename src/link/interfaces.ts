/**
 * Live facts about the machine's interfaces: index, MAC, MTU, state, IPv4 addresses and gateways, in the network namespace of
 * the process. Reads only netlink (never /sys, which may show another namespace), and changes nothing.
 */
import { FreeholdError } from '../core/error.ts';
import { emptyTable, factsOf, type InterfaceTable, noteMessage, replaceGateways } from './interface-table.ts';
import { type Libc, libc } from './libc.ts';
import { dump, subscribe } from './netlink-socket.ts';
import type { DefaultRouteMessage, RouteMessage } from './rtnetlink-codec.ts';
import type { InterfaceFacts, InterfaceWatch } from './types.ts';

const RETRY_MS = 1000;

/** The facts are there at return. @throws FreeholdError `netlink-failed`, `native-library-missing` or `unsupported-platform` */
export function watchInterfaces(): InterfaceWatch {
  const c = libc();
  const listeners = new Set<() => void>();
  let open = true;
  let retry: NodeJS.Timeout | undefined;
  let table: InterfaceTable = emptyTable();
  let facts: readonly InterfaceFacts[] = [];

  const publish = (): void => {
    const now = factsOf(table);
    if (JSON.stringify(now) === JSON.stringify(facts)) return;
    facts = now;
    for (const listener of [...listeners]) if (open) listener();
  };

  /** A dump fails where memory or descriptors run out: the facts stay as they were, and it is tried again. */
  const refresh = (read: () => void): void => {
    clearTimeout(retry);
    try {
      read();
    } catch (error) {
      if (!isNetlinkFailure(error)) throw error;
      retry = setTimeout(() => refresh(readAll), RETRY_MS);
      return;
    }
    publish();
  };
  const readAll = (): void => {
    table = readTable(c);
  };

  // Subscribed first: what changes during the dump comes as a message after it.
  const stop = subscribe(c, {
    onLost: () => refresh(readAll),
    onMessages: (messages) =>
      refresh(() => {
        const routesChanged = messages.map((message) => noteMessage(table, message)).includes(true);
        if (routesChanged) replaceGateways(table, dump(c, 'routes').filter(isDefaultRoute));
      }),
  });
  const close = (): void => {
    if (!open) return;
    open = false;
    clearTimeout(retry);
    listeners.clear();
    stop();
  };
  try {
    readAll();
    facts = factsOf(table);
  } catch (error) {
    close();
    throw error;
  }

  return {
    get: (name) => facts.find((one) => one.name === name),
    list: () => facts,
    onChange(listener) {
      // Wrapped: the same function given twice is called twice, and each stop ends its own.
      const mine = (): void => listener();
      listeners.add(mine);
      return () => void listeners.delete(mine);
    },
    close,
  };
}

/** The names of all interfaces, for messages. @throws FreeholdError as watchInterfaces does */
export const interfaceNames = (): readonly string[] => factsOf(readTable(libc())).map(({ name }) => name);

function readTable(c: Libc): InterfaceTable {
  const table = emptyTable();
  for (const message of [...dump(c, 'links'), ...dump(c, 'addresses')]) noteMessage(table, message);
  replaceGateways(table, dump(c, 'routes').filter(isDefaultRoute));
  return table;
}

const isDefaultRoute = (message: RouteMessage): message is DefaultRouteMessage => message.kind === 'default-route';

const isNetlinkFailure = (error: unknown): boolean => error instanceof FreeholdError && error.code === 'netlink-failed';
