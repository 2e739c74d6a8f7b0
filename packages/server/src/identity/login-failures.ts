import { isIPv6 } from 'node:net';
import { LRUCache } from 'lru-cache';
import { limits } from '../limits.ts';
import { tooManyLogins } from './login-queue.ts';

/** Who tries: failures are counted for each user from each address, so nobody can lock a user out from elsewhere. */
export interface LoginAttempt {
  readonly registry: string;
  readonly user: string;
  readonly address: string;
}

/** Counts wrong passwords. */
export interface LoginFailures {
  /** Throws `too_many_requests` when this user failed too often from this address in the last minute. */
  check(attempt: LoginAttempt): void;
  record(attempt: LoginAttempt): void;
}

const windowMs = 60_000;

export function createLoginFailures(clock: () => number): LoginFailures {
  const windows = new LRUCache<string, { readonly endsAt: number; failures: number }>({
    max: limits.loginFailuresRememberedMax,
  });

  function current(key: string): { readonly endsAt: number; failures: number } | undefined {
    const window = windows.get(key);
    return window !== undefined && clock() < window.endsAt ? window : undefined;
  }

  return {
    check(attempt) {
      const window = current(keyOf(attempt));
      if (window === undefined || window.failures < limits.loginFailuresMax) return;
      const seconds = Math.ceil((window.endsAt - clock()) / 1000);
      throw tooManyLogins(`Too many wrong passwords; try again in ${seconds} s.`, seconds);
    },
    record(attempt) {
      const key = keyOf(attempt);
      const window = current(key);
      if (window !== undefined) window.failures += 1;
      else windows.set(key, { endsAt: clock() + windowMs, failures: 1 });
    },
  };
}

/** The user's name is cut, so that long made-up names take no memory; a network of IPv6 counts as one address. */
function keyOf(attempt: LoginAttempt): string {
  return JSON.stringify([attempt.registry, attempt.user.slice(0, 256), networkOf(attempt.address)]);
}

/** A household or a machine has a whole /64 of IPv6 to try from. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = [], tail = []] = address
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  return [...head, ...zeros, ...tail].slice(0, 4).join(':');
}
