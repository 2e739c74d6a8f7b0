import { expect, test } from 'vitest';
import { createLoginFailures, type LoginAttempt } from './login-failures.ts';

const attempt: LoginAttempt = { registry: 'r1', user: 'cerulean', address: '192.0.2.1' };

function failed(times: number, at: LoginAttempt) {
  const time = { now: 1_000_000 };
  const failures = createLoginFailures(() => time.now);
  for (let count = 0; count < times; count += 1) failures.record(at);
  return { failures, time };
}

test('twenty wrong passwords in a minute are the end of the minute', () => {
  expect(() => failed(19, attempt).failures.check(attempt)).not.toThrow();
  const { failures, time } = failed(20, attempt);
  time.now += 15_000;
  expect(() => failures.check(attempt)).toThrow(
    expect.objectContaining({ code: 'too_many_requests', detail: { retryAfterSeconds: 45 } }),
  );
  time.now += 45_000;
  expect(() => failures.check(attempt)).not.toThrow();
});

test.each([
  ['another address', { ...attempt, address: '192.0.2.2' }],
  ['another user', { ...attempt, user: 'other' }],
  ['another registry', { ...attempt, registry: 'r2' }],
])('%s is not held responsible', (_name, other) => {
  expect(() => failed(20, attempt).failures.check(other)).not.toThrow();
});

test('a network of IPv6 counts as one address', () => {
  const { failures } = failed(20, { ...attempt, address: '2001:db8::1' });
  expect(() => failures.check({ ...attempt, address: '2001:db8:0:0:ffff::2' })).toThrow();
  expect(() => failures.check({ ...attempt, address: '2001:db8:0:1::1' })).not.toThrow();
});
