import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Rate, SharedBuckets } from './shared-buckets.ts';

const start = Date.UTC(2026, 10, 24);
const days = 24 * 3600 * 1000;

/** A table with a clock of its own. */
class Table {
  now = start;
  readonly buckets: SharedBuckets;

  constructor(slots = 64) {
    this.buckets = new SharedBuckets(SharedBuckets.allocate(slots, start));
  }

  take(tag: number, rate: Rate): number {
    return this.buckets.take(this.buckets.find(tag, tag, this.now), rate, this.now);
  }

  /** How many of so many tries were let in. */
  taken(tries: number, tag: number, rate: Rate): number {
    let taken = 0;
    for (let tried = 0; tried < tries; tried += 1) if (this.take(tag, rate) >= 0) taken += 1;
    return taken;
  }
}

const rates = fc.record({
  intervalMs: fc.integer({ min: 1, max: 60 }),
  burst: fc.integer({ min: 1, max: 12 }),
});
const waits = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 900 }));

describe('a bucket', () => {
  test('lets in a call exactly if no stretch of time would then have had more than the burst and what came back', () => {
    fc.assert(
      fc.property(rates, fc.array(waits, { maxLength: 120 }), (rate, steps) => {
        const table = new Table();
        const letIn: number[] = [];
        for (const step of steps) {
          table.now += step;
          const fits = letIn.every((since, index) => {
            const calls = letIn.length - index + 1;
            return calls <= rate.burst + (table.now - since) / rate.intervalMs;
          });
          expect(table.take(5, rate) >= 0).toBe(fits);
          if (fits) letIn.push(table.now);
        }
      }),
    );
  });

  test('says how many calls are left, and they are', () => {
    fc.assert(
      fc.property(rates, fc.array(waits, { maxLength: 40 }), (rate, steps) => {
        const table = new Table();
        let left = rate.burst;
        for (const step of steps) {
          table.now += step;
          left = table.take(5, rate);
        }
        if (steps.length > 0) expect(table.taken(rate.burst + 1, 5, rate)).toBe(Math.max(0, left));
      }),
    );
  });

  test('says how long to wait, and then it lets in, and not a millisecond before', () => {
    fc.assert(
      fc.property(rates, fc.array(waits, { maxLength: 60 }), (rate, steps) => {
        const table = new Table();
        for (const step of steps) {
          table.now += step;
          const answer = table.take(5, rate);
          const name = { place: 5, tag: 5 };
          if (answer >= 0) continue;
          expect(table.buckets.waitMs(name, rate, table.now)).toBe(-answer);
          table.now += -answer - 1;
          expect(table.take(5, rate)).toBe(-1);
          table.now += 1;
          expect(table.buckets.waitMs(name, rate, table.now)).toBe(0);
          expect(table.take(5, rate)).toBe(0);
        }
      }),
    );
  });

  test('lets in one call more at most for each time that the clock goes back', () => {
    const moves = fc.array(fc.oneof(waits, fc.integer({ min: -2000, max: -1 })), { maxLength: 120 });
    fc.assert(
      fc.property(rates, moves, (rate, steps) => {
        const table = new Table();
        let [forwardMs, backwards, taken] = [0, 0, 0];
        for (const step of steps) {
          table.now += step;
          if (step >= 0) forwardMs += step;
          else backwards += 1;
          if (table.take(5, rate) >= 0) taken += 1;
        }
        expect(taken).toBeLessThanOrEqual(rate.burst + forwardMs / rate.intervalMs + backwards);
      }),
    );
  });

  test('goes on filling when the clock went back, by however much', () => {
    const rate = { intervalMs: 6, burst: 10_000 };
    const table = new Table();
    expect(table.taken(20_000, 5, rate)).toBe(10_000);
    table.now -= 3600 * 1000;
    expect(table.taken(10, 5, rate)).toBe(1);
    table.now += 60_000;
    expect(table.taken(20_000, 5, rate)).toBe(10_000);
  });

  test.each([1, 20, 24.9, 30, 45, 50, 100])('is of use when nobody asked for %d days', (idleDays) => {
    const rate = { intervalMs: 6, burst: 10_000 };
    const table = new Table();
    expect(table.taken(10, 5, rate)).toBe(10);
    table.now += idleDays * days;
    expect(table.take(5, rate)).toBeGreaterThanOrEqual(0);
    table.now += 60_000;
    expect(table.taken(10_001, 5, rate)).toBe(10_000);
  });

  test('takes back a call that was not made', () => {
    const rate = { intervalMs: 20, burst: 3 };
    const table = new Table();
    expect(table.taken(5, 5, rate)).toBe(3);
    table.buckets.giveBack(table.buckets.find(5, 5, table.now), rate);
    expect(table.taken(5, 5, rate)).toBe(1);
  });
});

describe('a full table', () => {
  const rate = { intervalMs: 1000, burst: 20 };

  test('gives the slot of a full bucket away, which loses nothing', () => {
    const table = new Table(8);
    for (let tag = 1; tag <= 8; tag += 1) expect(table.taken(30, tag, rate)).toBe(20);
    table.now += 20_000;
    for (let tag = 11; tag <= 18; tag += 1) expect(table.taken(30, tag, rate)).toBe(20);
  });

  test('never makes an empty bucket a full one, whatever names come', () => {
    const table = new Table(8);
    expect(table.taken(30, 1, rate)).toBe(20);
    for (let tag = 100; tag < 5000; tag += 1) table.take(tag, rate);
    expect(table.taken(30, 1, rate)).toBe(0);
  });

  test('gives nobody more than his rate, however many names share it', () => {
    const names = fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 3 })), {
      minLength: 100,
      maxLength: 300,
    });
    fc.assert(
      fc.property(names, (steps) => {
        const small = { intervalMs: 25, burst: 4 };
        const table = new Table(8);
        const letIn = new Map<number, number[]>();
        for (const [tag, step] of steps) {
          table.now += step;
          if (table.take(tag, small) < 0) continue;
          const times = letIn.get(tag) ?? [];
          times.push(table.now);
          letIn.set(tag, times);
          const isOver = times.some((since, index) => times.length - index > 4 + (table.now - since) / 25);
          if (isOver) throw new Error(`The name ${tag} had more than its rate.`);
        }
      }),
    );
  });

  test('lets most newcomers in while others have used up theirs', () => {
    const table = new Table(8);
    for (let tag = 1; tag <= 7; tag += 1) table.taken(30, tag, rate);
    let letIn = 0;
    for (let tag = 100; tag < 200; tag += 1) {
      table.now += 1000;
      if (table.take(tag, rate) >= 0) letIn += 1;
    }
    expect(letIn).toBe(100);
  });
});

test('threads that take at the same time get no more together than one would', async () => {
  const memory = SharedBuckets.allocate(64, start);
  const rate = { intervalMs: 1, burst: 600_000 };
  const threads = 3;
  const go = new Int32Array(new SharedArrayBuffer(4));
  const workers = Array.from({ length: threads }, () => {
    const workerData = { memory, rate, nowMs: start, tries: rate.burst, go };
    return new Worker(new URL('./taking-worker.fixture.ts', import.meta.url), { workerData });
  });
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const results = workers.map(async (worker) => Number((await once(worker, 'message'))[0]));
  Atomics.store(go, 0, 1);
  Atomics.notify(go, 0);
  const taken = await Promise.all(results);
  expect(taken.reduce((sum, each) => sum + each)).toBe(rate.burst);
  expect(taken.filter((each) => each > 0).length).toBeGreaterThan(1);
});
