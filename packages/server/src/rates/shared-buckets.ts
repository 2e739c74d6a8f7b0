/**
 * Token buckets in memory that all threads share.
 *
 * A bucket holds a burst of calls, and fills evenly. Of each one number is kept, a time: when it will be full again
 * (GCRA, the "virtual scheduling" of ITU-T I.371). A call moves that time by what one call takes to come back, and is
 * refused where the time would be further away than the whole burst. So a bucket that nobody uses needs no work, and one
 * compare-and-swap takes a call: two threads never let in more than one bucket has, and none waits for another.
 *
 * The table has a fixed number of slots. A bucket lies in one of the few of its set, and the first that asks for it takes
 * the one there that is fullest: nearly always a full one, which loses nothing. Where none is full, whoever comes takes
 * over what was used of it (as the Space-Saving algorithm does with counts). So a flood of new names can make others wait
 * somewhat longer, but never gives anybody a call more than his rate, and never makes an empty bucket a full one.
 *
 * Invariants. In any stretch of time no bucket lets in more than its burst and what came back meanwhile; and one call more
 * for each time that the clock went back by more than the burst.
 */

/** Of each bucket: how long one call takes to come back, and how many calls it holds. */
export interface Rate {
  readonly intervalMs: number;
  readonly burst: number;
}

/** Where a bucket is to be found: by 32 bits that choose its set, and 32 that tell it from others in it. */
export interface BucketName {
  readonly place: number;
  readonly tag: number;
}

const waysOfSet = 8;
/** Of a slot: the bucket's tag (0: never used), and when it is full again, in ms since the memory was made. */
const slotWords = 2;
const setWords = waysOfSet * slotWords;
/** A cache line: when the memory was made. */
const headWords = 16;
/** Times are compared as differences of 32 bits, so that they may go round; what is further off than this is no wait. */
const waitMsMax = 48 * 3600 * 1000;

export class SharedBuckets {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #madeAtMs: number;
  readonly #setMask: number;

  /** Memory for so many buckets, a power of two. @param nowMs by the clock that all users of it have */
  static allocate(buckets: number, nowMs: number): SharedArrayBuffer {
    const words = headWords + buckets * slotWords;
    const memory = new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT);
    new Float64Array(memory, 0, 1)[0] = nowMs;
    return memory;
  }

  /** A thread's view of memory that `allocate` made. */
  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.#madeAtMs = new Float64Array(memory, 0, 1)[0] ?? 0;
    this.#setMask = (this.#words.length - headWords) / setWords - 1;
  }

  /** The slot of a bucket; it gets one where it has none. To be used at once, since it may become another's. */
  find(place: number, tag: number, nowMs: number): number {
    const words = this.#words;
    const named = tag === 0 ? 1 : tag | 0;
    const first = headWords + (place & this.#setMask) * setWords;
    for (let at = first; at < first + setWords; at += slotWords) {
      if (Atomics.load(words, at) === named) return at;
    }
    return this.#claim(first, named, nowMs);
  }

  /**
   * Takes a call: answers how many are left, or, where none is, the negative of the milliseconds until there is one.
   * Allocates nothing.
   */
  take(slot: number, rate: Rate, nowMs: number): number {
    const words = this.#words;
    const now = this.#sinceMade(nowMs);
    const burstMs = rate.intervalMs * rate.burst;
    for (;;) {
      const fullAt = Atomics.load(words, slot + 1);
      const usedMs = usedOf((fullAt - now) | 0, rate) + rate.intervalMs;
      if (usedMs > burstMs) return burstMs - usedMs;
      if (Atomics.compareExchange(words, slot + 1, fullAt, (now + usedMs) | 0) === fullAt)
        return Math.floor((burstMs - usedMs) / rate.intervalMs);
    }
  }

  /** Gives back a call that was taken and not made. */
  giveBack(slot: number, { intervalMs }: Rate): void {
    Atomics.sub(this.#words, slot + 1, intervalMs);
  }

  /** Milliseconds until there is a call; 0 where there is one. Takes nothing, and makes no bucket. */
  waitMs({ place, tag }: BucketName, rate: Rate, nowMs: number): number {
    const words = this.#words;
    const named = tag === 0 ? 1 : tag | 0;
    const first = headWords + (place & this.#setMask) * setWords;
    for (let at = first; at < first + setWords; at += slotWords) {
      if (Atomics.load(words, at) !== named) continue;
      const usedMs = usedOf((Atomics.load(words, at + 1) - this.#sinceMade(nowMs)) | 0, rate);
      return Math.max(0, usedMs + rate.intervalMs - rate.intervalMs * rate.burst);
    }
    return 0;
  }

  /** Makes the fullest slot of a set the bucket's, unless another thread does so meanwhile. */
  #claim(first: number, tag: number, nowMs: number): number {
    const words = this.#words;
    const now = this.#sinceMade(nowMs);
    for (;;) {
      let fullest = first;
      let fullestTag = 0;
      let fullestAt = 0;
      let fullestMs = Number.POSITIVE_INFINITY;
      for (let at = first; at < first + setWords; at += slotWords) {
        const held = Atomics.load(words, at);
        if (held === tag) return at;
        const fullAt = Atomics.load(words, at + 1);
        const usedMs = waitOf((fullAt - now) | 0);
        if (usedMs >= fullestMs) continue;
        fullest = at;
        fullestTag = held;
        fullestAt = fullAt;
        fullestMs = usedMs;
      }
      if (Atomics.compareExchange(words, fullest, fullestTag, tag) !== fullestTag) continue;
      // A full one's time may be of long ago, and would come round as one of the future.
      if (fullestMs === 0) Atomics.compareExchange(words, fullest + 1, fullestAt, now);
      return fullest;
    }
  }

  #sinceMade(nowMs: number): number {
    return (nowMs - this.#madeAtMs) | 0;
  }
}

/** How much of a bucket is used, from how far off the time is at which it is full. */
function usedOf(fullInMs: number, { intervalMs, burst }: Rate): number {
  if (fullInMs <= 0) return 0;
  // The clock went back, or nobody asked for weeks and the time went round: it has one call, and fills from there.
  return fullInMs > intervalMs * burst ? intervalMs * (burst - 1) : fullInMs;
}

/** The same where the rate is not known. */
function waitOf(fullInMs: number): number {
  return fullInMs <= 0 || fullInMs > waitMsMax ? 0 : fullInMs;
}
