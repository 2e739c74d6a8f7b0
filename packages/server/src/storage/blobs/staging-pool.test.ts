import { expect, test } from 'vitest';
import { StagingPool } from './staging-pool.ts';

const KiB = 1024;
const sizes = (pieces: readonly Buffer[]): number[] => pieces.map(({ length }) => length / KiB);
const takeThree = (pool: StagingPool) => [pool.take(), pool.take(), pool.take()] as const;

test('large pieces are lent up to their bound, then small ones', () => {
  const pool = new StagingPool({ largeMax: 2, keptMax: 1 });
  expect(sizes(takeThree(pool))).toEqual([1024, 1024, 64]);
});

test('what comes back is lent again, and what is too much of it is freed', () => {
  const pool = new StagingPool({ largeMax: 2, keptMax: 1 });
  const [first, second, small] = takeThree(pool);
  for (const piece of [first, second, small]) pool.giveBack(piece);
  expect([first, second, small].map(({ buffer }) => buffer.detached)).toEqual([false, true, true]);
  const again = takeThree(pool);
  expect(again[0]).toBe(first);
  expect(sizes(again)).toEqual([1024, 1024, 64]);
});

test('a small piece is changed for a large one as soon as there is one', () => {
  const pool = new StagingPool({ largeMax: 1, keptMax: 1 });
  const [large, small] = takeThree(pool);
  expect(pool.renew(small)).toBe(small);
  expect(pool.renew(large)).toBe(large);
  pool.giveBack(large);
  expect(pool.renew(small)).toBe(large);
  expect(small.buffer.detached).toBe(true);
});
