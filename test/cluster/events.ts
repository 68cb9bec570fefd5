/** Events on objects, as controllers write them: the same one again only counts up, and the oldest go when there are many. */
import { randomUUID } from 'node:crypto';
import type { Direct } from './direct.ts';
import { type KubeJson, keyOf, nameOf, namespaceOf, numberAt } from './json.ts';

const MOST = 200;

export interface Events {
  /** Not told again as long as nothing else was told of that object. */
  tell(object: KubeJson, type: 'Normal' | 'Warning', reason: string, message: string, component: string): void;
}

export function createEvents(direct: Direct): Events {
  const last = new Map<string, string>();
  return {
    tell(object, type, reason, message, component) {
      const key = `${object.kind} ${keyOf(object)} ${object.metadata.uid ?? ''} ${component}`;
      if (last.get(key) === message) return;
      last.set(key, message);
      const namespace = namespaceOf(object);
      const now = `${new Date().toISOString().slice(0, 19)}Z`;
      const all = direct.list('Event', namespace);
      const known = all.find((one) => one['message'] === message && one['reason'] === reason);
      if (known !== undefined) {
        direct.put({ ...known, count: (numberAt(known, 'count') ?? 1) + 1, lastTimestamp: now }, component);
        return;
      }
      const { apiVersion, kind, metadata } = object;
      const involvedObject = { apiVersion, kind, name: nameOf(object), namespace, uid: metadata.uid };
      const name = `${nameOf(object)}.${randomUUID().replaceAll('-', '').slice(0, 16)}`;
      const event = {
        involvedObject,
        reason,
        message,
        type,
        source: { component },
        count: 1,
        firstTimestamp: now,
        lastTimestamp: now,
      };
      direct.put({ apiVersion: 'v1', kind: 'Event', metadata: { name, namespace }, ...event }, component);
      const oldest = [...all].sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion));
      for (const one of oldest.slice(0, Math.max(0, all.length + 1 - MOST))) direct.remove('Event', nameOf(one), namespace);
    },
  };
}
