/**
 * The objects of a cluster, and what happened to them: one counter of revisions, and a bounded history for watches. What is older than
 * the history is gone, as after etcd's compaction. Checks nothing.
 */
import { type KubeJson, nameOf, namespaceOf, withMetadata } from './json.ts';

export interface StoreEvent {
  readonly revision: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly bucket: string;
  /** As it is now; deleted: as it was last, with the revision of its end. */
  readonly object: KubeJson;
  readonly previous: KubeJson | null;
}

const FIRST_REVISION = 1000;

export class Store {
  readonly #buckets = new Map<string, Map<string, KubeJson>>();
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  readonly #historyLimit: number;
  #history: StoreEvent[] = [];
  #revision = FIRST_REVISION;
  /** Everything after this revision is in the history. */
  #compacted = FIRST_REVISION;

  constructor(historyLimit: number) {
    this.#historyLimit = historyLimit;
  }

  get revision(): number {
    return this.#revision;
  }

  get(bucket: string, namespace: string, name: string): KubeJson | undefined {
    return this.#buckets.get(bucket)?.get(`${namespace}/${name}`);
  }

  /** By namespace and name. @param namespace undefined: all of them */
  list(bucket: string, namespace?: string): readonly KubeJson[] {
    const all = [...(this.#buckets.get(bucket)?.entries() ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
    return all.flatMap(([, object]) => (namespace === undefined || namespaceOf(object) === namespace ? [object] : []));
  }

  buckets(): readonly string[] {
    return [...this.#buckets.keys()];
  }

  /** Stores it under a new revision. */
  put(bucket: string, object: KubeJson): KubeJson {
    const objects = this.#buckets.get(bucket) ?? new Map<string, KubeJson>();
    this.#buckets.set(bucket, objects);
    const key = `${namespaceOf(object)}/${nameOf(object)}`;
    const previous = objects.get(key) ?? null;
    this.#revision++;
    const stored = withMetadata(object, { resourceVersion: String(this.#revision) });
    objects.set(key, stored);
    this.#happened({
      revision: this.#revision,
      type: previous === null ? 'ADDED' : 'MODIFIED',
      bucket,
      object: stored,
      previous,
    });
    return stored;
  }

  /** @returns what was there, undefined where nothing was */
  delete(bucket: string, namespace: string, name: string): KubeJson | undefined {
    const objects = this.#buckets.get(bucket);
    const previous = objects?.get(`${namespace}/${name}`);
    if (objects === undefined || previous === undefined) return undefined;
    objects.delete(`${namespace}/${name}`);
    this.#revision++;
    const object = withMetadata(previous, { resourceVersion: String(this.#revision) });
    this.#happened({ revision: this.#revision, type: 'DELETED', bucket, object, previous });
    return previous;
  }

  /** What happened after a revision; null where that is too long ago. */
  since(revision: number): readonly StoreEvent[] | null {
    return revision < this.#compacted ? null : this.#history.filter((event) => event.revision > revision);
  }

  /** The oldest revision that a watch may start from. */
  get oldest(): number {
    return this.#compacted;
  }

  /** Forgets the history. The revision moves on, so that nobody can know the newest one already. */
  compact(): void {
    this.#revision++;
    this.#history = [];
    this.#compacted = this.#revision;
  }

  /** @returns how to stop listening */
  listen(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #happened(event: StoreEvent): void {
    this.#history.push(event);
    if (this.#history.length > this.#historyLimit) {
      const [dropped] = this.#history.splice(0, this.#history.length - this.#historyLimit).slice(-1);
      this.#compacted = dropped?.revision ?? this.#compacted;
    }
    for (const listener of [...this.#listeners]) listener(event);
  }
}
