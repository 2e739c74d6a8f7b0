import { describe, expect, test } from 'vitest';
import { isRefusal } from '../errors.ts';
import type { CallCategory, RegistrySku } from '../registry/tiers.ts';
import { type CallCounter, type CallLimiter, createCallLimiter } from './call-limiter.ts';
import { SharedBuckets } from './shared-buckets.ts';

const start = Date.UTC(2026, 10, 24);
const id = (number: number): string => number.toString(16).padStart(32, '0');

function startCounting() {
  const time = { now: start };
  const buckets = new SharedBuckets(SharedBuckets.allocate(65_536, start));
  const limiter = createCallLimiter(buckets, () => time.now);
  const counter = (registry: number, identity: number, sku: RegistrySku = 'Basic'): CallCounter =>
    limiter.counter({ id: id(registry), sku }, id(identity));
  return { time, limiter, counter };
}

/** How many of so many calls were let in. */
function letIn(
  limiter: CallLimiter,
  counter: CallCounter,
  category: CallCategory,
): (tries: number) => number {
  return (tries) => {
    let calls = 0;
    for (let tried = 0; tried < tries; tried += 1) {
      try {
        limiter.take(counter, category);
        calls += 1;
      } catch (error) {
        if (!isRefusal(error, 'too_many_requests')) throw error;
      }
    }
    return calls;
  };
}

/** Calls a minute of a registry and of an identity, as ACR publishes them; the last column is Cerulean's own. */
const published = [
  ['Basic', 'DataplaneRead', 10_000, 5000],
  ['Basic', 'DataplaneWrite', 2000, 1000],
  ['Basic', 'DataplaneDelete', 1000, 500],
  ['Basic', 'ListReferrers', 500, 250],
  ['Basic', 'OAuth', 10_000, 5000],
  ['Standard', 'DataplaneRead', 10_000, 5000],
  ['Standard', 'DataplaneWrite', 2000, 1000],
  ['Standard', 'DataplaneDelete', 1000, 500],
  ['Standard', 'ListReferrers', 500, 250],
  ['Standard', 'OAuth', 10_000, 5000],
  ['Premium', 'DataplaneRead', 20_000, 10_000],
  ['Premium', 'DataplaneWrite', 4000, 2000],
  ['Premium', 'DataplaneDelete', 4000, 2000],
  ['Premium', 'ListReferrers', 2000, 1000],
  ['Premium', 'OAuth', 20_000, 10_000],
] as const;

describe.each(published)('%s, %s', (sku, category, ofRegistry, ofIdentity) => {
  test(`lets an identity make ${ofIdentity} calls, a registry have ${ofRegistry}, and both again in a minute`, () => {
    const { limiter, counter, time } = startCounting();
    const [first, second, third] = [1, 2, 3].map((identity) => counter(1, identity, sku));
    if (first === undefined || second === undefined || third === undefined) throw new TypeError('Three.');
    expect(limiter.take(first, category)).toBe(ofIdentity - 1);
    expect(letIn(limiter, first, category)(ofIdentity + 10)).toBe(ofIdentity - 1);
    expect(letIn(limiter, second, category)(ofIdentity + 1)).toBe(ofRegistry - ofIdentity);
    expect(letIn(limiter, third, category)(10)).toBe(0);
    expect(letIn(limiter, counter(2, 1, sku), category)(10)).toBe(10);
    time.now += 60_000;
    expect(letIn(limiter, third, category)(ofIdentity + 1)).toBe(ofIdentity);
  });
});

test('who is refused by the registry has lost nothing of his own, and the registry nothing by him', () => {
  const { limiter, counter, time } = startCounting();
  for (const identity of [2, 3]) letIn(limiter, counter(1, identity), 'DataplaneDelete')(500);
  const mine = letIn(limiter, counter(1, 1), 'DataplaneDelete');
  expect(mine(600)).toBe(0);
  time.now += 60 * 400;
  expect(mine(600)).toBe(400);
});

test('who has none of his own takes none of the registry', () => {
  const { limiter, counter } = startCounting();
  expect(letIn(limiter, counter(1, 1), 'DataplaneWrite')(3500)).toBe(1000);
  expect(letIn(limiter, counter(1, 2), 'DataplaneWrite')(1100)).toBe(1000);
});

test('a list of referrers counts as itself and as a read, or as neither', () => {
  const { limiter, counter, time } = startCounting();
  const referrers = letIn(limiter, counter(1, 1), 'ListReferrers');
  const reads = letIn(limiter, counter(1, 1), 'DataplaneRead');
  expect(referrers(100)).toBe(100);
  expect(reads(6000)).toBe(4900);
  expect(referrers(1000)).toBe(0);
  time.now += 12 * 100;
  // 100 reads are there, and all 150 that were left of the lists, and five that came back.
  expect(referrers(1000)).toBe(100);
  time.now += 12 * 100;
  expect(referrers(1000)).toBe(60);
  expect(reads(1000)).toBe(40);
});

test('says whose calls are used up, of which kind, and when there is another', () => {
  const { limiter, counter } = startCounting();
  letIn(limiter, counter(1, 1), 'ListReferrers')(250);
  expect(() => limiter.take(counter(1, 1), 'ListReferrers')).toThrow(
    expect.objectContaining({
      message:
        'Too many requests: this identity has made as many calls of ListReferrers as a minute allows. Try again in 1 s.',
      detail: { category: 'ListReferrers', limit: 'identity', retryAfterSeconds: 1 },
    }),
  );
});

test('a thousand identities of a hundred registries do not share', () => {
  const { limiter, counter } = startCounting();
  for (let registry = 1; registry <= 100; registry += 1)
    for (let identity = 1; identity <= 10; identity += 1)
      expect(limiter.take(counter(registry, identity), 'DataplaneWrite')).toBe(999);
});
