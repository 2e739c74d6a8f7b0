/** Random numbers that a seed repeats: mulberry32, which is more than enough for picking operations. */
export interface SeededRandom {
  readonly seed: number;
  /** From 0 up to, not including, `end`. */
  below(end: number): number;
  /** True about this often, 0 to 1. */
  chance(share: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
}

export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    seed,
    below: (end) => Math.floor(next() * end),
    chance: (share) => next() < share,
    pick(items) {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new RangeError('There is nothing to pick from.');
      return item;
    },
  };
}

/** A seed of this run, or the one that a failed run has named in `CERULEAN_TEST_SEED`. */
export function seedOfRun(): number {
  const given = Number(process.env['CERULEAN_TEST_SEED'] ?? Number.NaN);
  return Number.isInteger(given) ? given : Math.floor(Math.random() * 2 ** 31);
}
