import { hash } from 'node:crypto';
import { limits } from '../limits.ts';
import { type BucketName, type Rate, SharedBuckets } from '../rates/shared-buckets.ts';
import { tooManyLogins } from './login-queue.ts';
import { networkOf } from './network-of.ts';

/** Who tries, where, and from where. */
export interface LoginAttempt {
  readonly registry: string;
  readonly user: string;
  readonly address: string;
}

/**
 * Counts wrong passwords, for all threads together: of a user from an address, of an address whatever its users, and of
 * a user whatever his addresses. Each may be wrong so often at once; then one try at a time is let in, slowly.
 */
export interface LoginFailures {
  /** Throws `too_many_requests` when it is too early for another try. */
  check(attempt: LoginAttempt): void;
  record(attempt: LoginAttempt): void;
  /**
   * The password was right. For a day this user is known at this address, and neither others there nor guesses from
   * elsewhere keep him out; only his own wrong passwords there do. Else whoever guesses could lock a user out.
   */
  succeeded(attempt: LoginAttempt): void;
}

/** What all threads share of it. */
export interface LoginMemory {
  readonly failures: SharedArrayBuffer;
  readonly known: SharedArrayBuffer;
  /** Makes where a name lies unforeseeable: whoever chooses his name must not choose whose bucket he shares. */
  readonly secret: string;
}

/** @param nowMs by the clock that all threads have */
export function allocateLoginMemory(secret: string, nowMs: number): LoginMemory {
  return {
    failures: SharedBuckets.allocate(limits.loginFailureBuckets, nowMs),
    known: SharedBuckets.allocate(limits.knownLoginBuckets, nowMs),
    secret,
  };
}

const ofPair: Rate = { intervalMs: limits.loginFailureMs, burst: limits.loginFailuresMax };
const ofMany: Rate = { intervalMs: limits.loginFailureOfManyMs, burst: limits.loginFailuresOfManyMax };
/** A bucket of one, that is empty for as long as the login is known. */
const known: Rate = { intervalMs: limits.knownLoginSeconds * 1000, burst: 1 };

export function createLoginFailures(memory: LoginMemory, clock: () => number): LoginFailures {
  const failures = new SharedBuckets(memory.failures);
  const knownLogins = new SharedBuckets(memory.known);

  /** The user's name is cut, so that long made-up names are no work; a network of IPv6 counts as one address. */
  function nameOf(...parts: readonly string[]): BucketName {
    const digest = hash('sha256', JSON.stringify([memory.secret, ...parts]), 'buffer');
    return { place: digest.readInt32LE(0), tag: digest.readInt32LE(4) };
  }

  const names = ({ registry, user: given, address }: LoginAttempt) => {
    const [user, network] = [given.slice(0, 256), networkOf(address)];
    return {
      pair: () => nameOf('pair', registry, user, network),
      many: () => [nameOf('address', network), nameOf('user', registry, user)],
    };
  };

  return {
    check(attempt) {
      const nowMs = clock();
      const { pair, many } = names(attempt);
      const own = pair();
      let waitMs = failures.waitMs(own, ofPair, nowMs);
      if (waitMs === 0) {
        waitMs = Math.max(...many().map((name) => failures.waitMs(name, ofMany, nowMs)));
        if (waitMs > 0 && knownLogins.waitMs(own, known, nowMs) > 0) return;
      }
      if (waitMs === 0) return;
      const seconds = Math.ceil(waitMs / 1000);
      throw tooManyLogins(`Too many wrong passwords; try again in ${seconds} s.`, seconds);
    },
    record(attempt) {
      const nowMs = clock();
      const { pair, many } = names(attempt);
      const count = ({ place, tag }: BucketName, rate: Rate): number =>
        failures.take(failures.find(place, tag, nowMs), rate, nowMs);
      count(pair(), ofPair);
      for (const name of many()) count(name, ofMany);
    },
    succeeded(attempt) {
      const nowMs = clock();
      const { place, tag } = names(attempt).pair();
      knownLogins.take(knownLogins.find(place, tag, nowMs), known, nowMs);
    },
  };
}
