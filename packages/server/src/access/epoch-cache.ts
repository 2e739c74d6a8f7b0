import { LRUCache } from 'lru-cache';
import type { RightsEpoch } from './rights-epoch.ts';

/** Answers from memory while the epoch stands, and reads again once it moved. */
export interface EpochCache<Value> {
  get(key: string, load: () => Promise<Value | undefined>): Promise<Value | undefined>;
}

/**
 * Makes a cache of rows that rights are decided from. What is not there is not kept: names that were guessed would
 * push out the names that are in use. Callers that ask at the same time share one read.
 */
export function createEpochCache<Value extends object>(options: {
  readonly epoch: RightsEpoch;
  readonly entriesMax: number;
}): EpochCache<Value> {
  const entries = new LRUCache<string, { epoch: number; value: Promise<Value | undefined> }>({
    max: options.entriesMax,
  });
  return {
    async get(key, load) {
      // Before the rows: see RightsEpoch.
      const epoch = options.epoch.current();
      const known = entries.get(key);
      if (known?.epoch === epoch) return known.value;
      const entry = { epoch, value: load() };
      entries.set(key, entry);
      try {
        const value = await entry.value;
        if (value === undefined) drop(key, entry);
        return value;
      } catch (error) {
        drop(key, entry);
        throw error;
      }
    },
  };

  function drop(key: string, entry: object): void {
    if (entries.peek(key) === entry) entries.delete(key);
  }
}
