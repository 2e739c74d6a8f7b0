import type { Hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/**
 * Running hashes of unfinished uploads, kept in this thread from one request to the next. One that is missing (another
 * thread served the last request, or the server was restarted) is made again by reading back; so this is never the truth.
 */
export interface LiveHashes {
  /** A copy of the hash over the first `offsetBytes` of this upload, if it is here. */
  copyAt(blob: string, offsetBytes: number, algorithm: string): Hash | undefined;
  put(blob: string, entry: LiveHash): void;
  drop(blob: string): void;
}

export interface LiveHash {
  readonly offsetBytes: number;
  readonly algorithm: string;
  readonly hash: Hash;
}

/** Keeps the hashes used last, at most `entriesMax`. */
export function createLiveHashes(entriesMax: number): LiveHashes {
  const hashes = new LRUCache<string, LiveHash>({ max: entriesMax });
  return {
    copyAt(blob, offsetBytes, algorithm) {
      const entry = hashes.get(blob);
      if (entry === undefined || entry.offsetBytes !== offsetBytes || entry.algorithm !== algorithm)
        return undefined;
      return entry.hash.copy();
    },
    put: (blob, entry) => void hashes.set(blob, entry),
    drop: (blob) => void hashes.delete(blob),
  };
}
