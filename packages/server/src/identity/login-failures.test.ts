import { describe, expect, test } from 'vitest';
import { allocateLoginMemory, createLoginFailures, type LoginAttempt } from './login-failures.ts';

const attempt: LoginAttempt = { registry: 'r1', user: 'cerulean', address: '192.0.2.1' };

/** Two threads that share their memory, and a clock. */
function twoThreads() {
  const time = { now: Date.UTC(2026, 10, 24) };
  const memory = allocateLoginMemory('a secret', time.now);
  const [failures, other] = [0, 1].map(() => createLoginFailures(memory, () => time.now));
  if (failures === undefined || other === undefined) throw new TypeError('There are two.');
  return { failures, other, time };
}

function failed(times: number, at: LoginAttempt) {
  const threads = twoThreads();
  for (let count = 0; count < times; count += 1) threads.failures.record(at);
  return threads;
}

const retryAfter = (retryAfterSeconds: number) =>
  expect.objectContaining({ code: 'too_many_requests', detail: { retryAfterSeconds } });

describe('wrong passwords of a user from an address', () => {
  test('are let in twenty times, and then once in ten seconds', () => {
    expect(() => failed(19, attempt).failures.check(attempt)).not.toThrow();
    const { failures, time } = failed(20, attempt);
    expect(() => failures.check(attempt)).toThrow(retryAfter(10));
    time.now += 6500;
    expect(() => failures.check(attempt)).toThrow(retryAfter(4));
    time.now += 3500;
    expect(() => failures.check(attempt)).not.toThrow();
    failures.record(attempt);
    expect(() => failures.check(attempt)).toThrow(retryAfter(10));
  });

  test('are forgotten in time', () => {
    const { failures, time } = failed(20, attempt);
    time.now += 200_000;
    for (let count = 0; count < 19; count += 1) failures.record(attempt);
    expect(() => failures.check(attempt)).not.toThrow();
  });

  test('count for all threads', () => {
    const { failures, other } = failed(10, attempt);
    for (let count = 0; count < 10; count += 1) other.record(attempt);
    expect(() => failures.check(attempt)).toThrow();
    expect(() => other.check(attempt)).toThrow();
  });

  test.each([
    ['another address', { ...attempt, address: '192.0.2.2' }],
    ['another user', { ...attempt, user: 'other' }],
    ['another registry', { ...attempt, registry: 'r2' }],
  ])('are not held against %s', (_name, other) => {
    expect(() => failed(20, attempt).failures.check(other)).not.toThrow();
  });

  test('keep him out there also where he is known', () => {
    const { failures } = failed(20, attempt);
    failures.succeeded(attempt);
    expect(() => failures.check(attempt)).toThrow();
  });

  test('from a network of IPv6 count as those from one address', () => {
    const { failures } = failed(20, { ...attempt, address: '2001:db8::1' });
    expect(() => failures.check({ ...attempt, address: '2001:db8:0:0:ffff::2' })).toThrow();
    expect(() => failures.check({ ...attempt, address: '2001:db8:0:1::1' })).not.toThrow();
  });
});

describe('wrong passwords for many users from one address', () => {
  const spray = (failures: ReturnType<typeof createLoginFailures>, times: number) => {
    for (let count = 0; count < times; count += 1) failures.record({ ...attempt, user: `user ${count}` });
  };

  test('are let in two hundred times, and then once in a second, for whichever user', () => {
    const { failures, other, time } = twoThreads();
    spray(failures, 199);
    expect(() => other.check(attempt)).not.toThrow();
    spray(failures, 1);
    expect(() => other.check(attempt)).toThrow(retryAfter(1));
    time.now += 1000;
    expect(() => other.check(attempt)).not.toThrow();
  });

  test('keep out nobody elsewhere, and nobody who is known there', () => {
    const { failures, other, time } = twoThreads();
    failures.succeeded({ ...attempt, user: 'neighbour' });
    spray(failures, 300);
    expect(() => other.check({ ...attempt, address: '192.0.2.2' })).not.toThrow();
    expect(() => other.check({ ...attempt, user: 'neighbour' })).not.toThrow();
    time.now += 24 * 3600 * 1000;
    spray(failures, 300);
    expect(() => other.check({ ...attempt, user: 'neighbour' })).toThrow();
  });
});

describe('wrong passwords for one user from many addresses', () => {
  const guess = (failures: ReturnType<typeof createLoginFailures>, times: number) => {
    for (let count = 0; count < times; count += 1)
      failures.record({ ...attempt, address: `198.51.${count >> 8}.${count & 255}` });
  };

  test('are let in two hundred times, and then once in a second, from whichever address', () => {
    const { failures, other, time } = twoThreads();
    guess(failures, 199);
    expect(() => other.check(attempt)).not.toThrow();
    guess(failures, 1);
    expect(() => other.check(attempt)).toThrow(retryAfter(1));
    time.now += 1000;
    expect(() => other.check(attempt)).not.toThrow();
  });

  test('do not lock the user out where he has logged in of late', () => {
    const { failures, other } = twoThreads();
    other.succeeded(attempt);
    guess(failures, 2000);
    expect(() => failures.check(attempt)).not.toThrow();
    expect(() => failures.check({ ...attempt, user: 'other' })).not.toThrow();
  });
});

test('a flood of made-up names gives nobody his tries back', () => {
  const { failures } = failed(20, attempt);
  for (let count = 0; count < 100_000; count += 1)
    failures.record({ registry: 'r1', user: `user ${count}`, address: `2001:db8:${count.toString(16)}::1` });
  expect(() => failures.check(attempt)).toThrow();
});
