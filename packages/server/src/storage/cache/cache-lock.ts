/** Set while somebody may sleep on the lock. */
const contended = 1 << 30;
/** Longer than the lock is held by a thread that runs on another processor: a few microseconds. */
const spins = 200;
const sleepMs = 1;
/** A holder that was put to sleep by the system comes back in a few milliseconds; one that died does not. */
const sleepsMax = 5;

/**
 * A lock in shared memory whose word names its holder, so that it can be taken from a thread that died. Nobody waits
 * for it for long: what can't be had within a few milliseconds is done without the cache.
 */
export class CacheLock {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #at: number;
  readonly #own: number;

  /** @param at the word in `words`; 0 is free. @param thread the number of the thread that uses this object */
  constructor(words: Int32Array<SharedArrayBuffer>, at: number, thread: number) {
    this.#words = words;
    this.#at = at;
    this.#own = thread + 1;
  }

  /** Takes the lock; false when it was not to be had in time. Not reentrant. */
  acquire(): boolean {
    for (let spin = 0; spin < spins; spin += 1) {
      if (Atomics.compareExchange(this.#words, this.#at, 0, this.#own) === 0) return true;
    }
    for (let slept = 0; slept < sleepsMax; slept += 1) {
      const held = Atomics.load(this.#words, this.#at);
      // Others may sleep too, and nobody counts them: who slept leaves the mark behind.
      if (held === 0) {
        if (Atomics.compareExchange(this.#words, this.#at, 0, this.#own | contended) === 0) return true;
        continue;
      }
      const marked = held | contended;
      if (held !== marked && Atomics.compareExchange(this.#words, this.#at, held, marked) !== held) continue;
      Atomics.wait(this.#words, this.#at, marked, sleepMs);
    }
    return Atomics.compareExchange(this.#words, this.#at, 0, this.#own | contended) === 0;
  }

  release(): void {
    const held = Atomics.exchange(this.#words, this.#at, 0);
    if ((held & contended) !== 0) Atomics.notify(this.#words, this.#at, 1);
  }

  /** Takes the lock from a thread that is dead; false when that thread did not hold it. */
  takeFrom(deadThread: number): boolean {
    const held = Atomics.load(this.#words, this.#at);
    if ((held & ~contended) !== deadThread + 1) return false;
    // The holder is dead, so the word can only be marked meanwhile, and the mark is set here anyway.
    Atomics.store(this.#words, this.#at, this.#own | contended);
    return true;
  }
}
