import { type CachedBlob, pageHash } from './page-key.ts';

/** Fingerprints in one place of the table; a newer one takes the place of the oldest. */
const ways = 4;

/**
 * Remembers fingerprints of the pages that were read last. The pages of a blob have consecutive places, so that none
 * of them pushes out another: two that did would push each other out at every read, and never enter. Threads write
 * without a lock: what is lost or wrong costs one page too late or too early, never a wrong byte.
 */
export class Doorkeeper {
  readonly #seen: Int32Array<SharedArrayBuffer>;
  readonly #mask: number;

  constructor(seen: Int32Array<SharedArrayBuffer>) {
    this.#seen = seen;
    this.#mask = seen.length / ways - 1;
  }

  /** True when the page was read before and is still remembered; it is from now on. */
  readAgain({ words }: CachedBlob, page: number): boolean {
    const seen = this.#seen;
    const first = ((words[1] + page) & this.#mask) * ways;
    // Of another word of the id, so that place and fingerprint are independent; 0 is no fingerprint.
    const fingerprint = pageHash(words[2], page) | 1;
    for (let at = first; at < first + ways; at += 1) if (seen[at] === fingerprint) return true;
    seen.copyWithin(first + 1, first, first + ways - 1);
    seen[first] = fingerprint;
    return false;
  }
}
