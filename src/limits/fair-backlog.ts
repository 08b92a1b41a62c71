/** To whom a waiting item belongs: a key (a user), within a group (the user's address). */
export interface QueueKey {
  group: string;
  key: string;
}

/** Numbers of items of a `FairBacklog`. */
export interface BacklogLimits {
  /** Of all groups together. */
  maxWaiting: number;
  /** Default: `maxWaiting`. */
  maxWaitingPerGroup?: number;
  /** Of one key within one group. Default: `maxWaiting`. */
  maxWaitingPerKey?: number;
}

/** The limit that an item exceeded. */
export type ExceededLimit = 'key' | 'group' | 'total';

interface Group<T> {
  count: number;
  /** Items by key, oldest first; keys in the order of their next turns. Keys without items are absent. */
  readonly items: Map<string, T[]>;
}

/**
 * Items that wait for their turn, in a limited number. Groups take turns, and within a group its keys; the items of a
 * key are taken in order. If a limit is exceeded, the newest item of the key with the most is evicted, in the group with
 * the most: neither one caller nor one address with many callers can occupy the whole backlog. Owned by one queue.
 */
export class FairBacklog<T> {
  /** In the order of their next turns; groups without items are absent. */
  readonly #groups = new Map<string, Group<T>>();
  #count = 0;

  constructor(private readonly limits: BacklogLimits) {}

  /** @returns the item that was evicted, which may be the new one, and the limit that it exceeded */
  add({ group, key }: QueueKey, item: T): { item: T; limit: ExceededLimit } | undefined {
    const { maxWaiting, maxWaitingPerGroup = maxWaiting, maxWaitingPerKey = maxWaiting } = this.limits;
    const own = this.#groups.get(group) ?? { count: 0, items: new Map<string, T[]>() };
    const items = own.items.get(key) ?? [];
    this.#groups.set(group, own);
    own.items.set(key, items);
    items.push(item);
    own.count += 1;
    this.#count += 1;
    if (items.length > maxWaitingPerKey) return { item: this.#evict(group, key), limit: 'key' };
    if (own.count > maxWaitingPerGroup) {
      return { item: this.#evict(group, keyWithMost(own, key)), limit: 'group' };
    }
    if (this.#count <= maxWaiting) return undefined;
    const largest = this.#groupWithMost(group);
    return { item: this.#evict(largest, keyWithMost(this.#groups.get(largest)!, key)), limit: 'total' };
  }

  /** Whose turn it is. @param isReady whether an item of this key may be taken now */
  next(isReady: (key: string) => boolean): QueueKey | undefined {
    for (const [group, { items }] of this.#groups) {
      for (const key of items.keys()) if (isReady(key)) return { group, key };
    }
    return undefined;
  }

  /** Removes and returns the oldest item of a key that has one; the next turns are those of other groups and keys. */
  take({ group, key }: QueueKey): T {
    const own = this.#groups.get(group)!;
    const items = own.items.get(key)!;
    const item = items.shift()!;
    own.items.delete(key);
    own.items.set(key, items);
    this.#groups.delete(group);
    this.#groups.set(group, own);
    this.#removed(group, key);
    return item;
  }

  /** Removes an item out of turn. @returns false if it is not waiting any more */
  remove({ group, key }: QueueKey, item: T): boolean {
    const items = this.#groups.get(group)?.items.get(key) ?? [];
    const index = items.indexOf(item);
    if (index < 0) return false;
    items.splice(index, 1);
    this.#removed(group, key);
    return true;
  }

  /** Removes and returns all items. */
  clear(): T[] {
    const all = [...this.#groups.values()].flatMap(({ items }) => [...items.values()].flat());
    this.#groups.clear();
    this.#count = 0;
    return all;
  }

  #evict(group: string, key: string): T {
    const item = this.#groups.get(group)!.items.get(key)!.pop()!;
    this.#removed(group, key);
    return item;
  }

  #removed(group: string, key: string): void {
    const own = this.#groups.get(group)!;
    own.count -= 1;
    this.#count -= 1;
    if (own.items.get(key)!.length === 0) own.items.delete(key);
    if (own.count === 0) this.#groups.delete(group);
  }

  /** @param own the group of the new item: returned if no other has more */
  #groupWithMost(own: string): string {
    let [most, count] = [own, this.#groups.get(own)!.count];
    for (const [name, group] of this.#groups) if (group.count > count) [most, count] = [name, group.count];
    return most;
  }
}

/** @param own the key of the new item, which may be in another group: returned if no key of the group has more */
function keyWithMost<T>({ items }: Group<T>, own: string): string {
  let [most, count] = [own, items.get(own)?.length ?? 0];
  for (const [key, { length }] of items) if (length > count) [most, count] = [key, length];
  return most;
}
