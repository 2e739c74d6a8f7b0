import { RegistryError } from '../errors.ts';
import { type CallCategory, callCategories, type RegistrySku, tiers } from '../registry/tiers.ts';
import type { Rate, SharedBuckets } from './shared-buckets.ts';
import { textHash } from './text-hash.ts';

/** Whose calls are counted together: made once for a login, and kept with it. */
export interface CallCounter {
  readonly rates: CategoryRates;
  readonly registryPlace: number;
  readonly registryTag: number;
  readonly identityPlace: number;
  readonly identityTag: number;
}

/** Counts the calls of registries and of identities in them. */
export interface CallLimiter {
  /** @param identity a principal's id, or a network for whoever is not known yet */
  counter(registry: { readonly id: string; readonly sku: RegistrySku }, identity: string): CallCounter;
  /**
   * Takes a call of this category: answers how many are left, of the identity or of the registry, whichever has fewer.
   * Allocates nothing unless it refuses. Throws RegistryError `too_many_requests`; then nothing was taken.
   */
  take(counter: CallCounter, category: CallCategory): number;
}

interface CategoryRate {
  /** Sets the buckets of one category apart from those of the others. */
  readonly salt: number;
  readonly registry: Rate;
  readonly identity: Rate;
}
type CategoryRates = Readonly<Record<CallCategory, CategoryRate>>;

/** What is taken of another category as well. */
const alsoTaken: Partial<Record<CallCategory, CallCategory>> = { ListReferrers: 'DataplaneRead' };

/** @param clock milliseconds, the same for all threads that share the buckets */
export function createCallLimiter(buckets: SharedBuckets, clock: () => number): CallLimiter {
  /** Both the identity and the registry must have a call left, else neither loses one. */
  function takeBoth(counter: CallCounter, category: CallCategory, nowMs: number): number {
    const { salt, registry, identity } = counter.rates[category];
    const ofIdentity = buckets.find(counter.identityPlace ^ salt, counter.identityTag ^ salt, nowMs);
    const own = buckets.take(ofIdentity, identity, nowMs);
    if (own < 0) throw tooManyCalls(category, 'identity', -own);
    const ofRegistry = buckets.find(counter.registryPlace ^ salt, counter.registryTag ^ salt, nowMs);
    const all = buckets.take(ofRegistry, registry, nowMs);
    if (all >= 0) return Math.min(own, all);
    buckets.giveBack(ofIdentity, identity);
    throw tooManyCalls(category, 'registry', -all);
  }

  function giveBoth(counter: CallCounter, category: CallCategory, nowMs: number): void {
    const { salt, registry, identity } = counter.rates[category];
    buckets.giveBack(buckets.find(counter.identityPlace ^ salt, counter.identityTag ^ salt, nowMs), identity);
    buckets.giveBack(buckets.find(counter.registryPlace ^ salt, counter.registryTag ^ salt, nowMs), registry);
  }

  return {
    counter({ id, sku }, identity) {
      return {
        rates: ratesOf[sku],
        registryPlace: textHash(id, registrySeed),
        registryTag: textHash(id, registrySeed + 1),
        // Identities of two registries have nothing to do with each other, also where a principal is one of both.
        identityPlace: textHash(identity, textHash(id, identitySeed)),
        identityTag: textHash(identity, textHash(id, identitySeed + 1)),
      };
    },
    take(counter, category) {
      const nowMs = clock();
      const left = takeBoth(counter, category, nowMs);
      const also = alsoTaken[category];
      if (also === undefined) return left;
      try {
        return Math.min(left, takeBoth(counter, also, nowMs));
      } catch (error) {
        giveBoth(counter, category, nowMs);
        throw error;
      }
    },
  };
}

const registrySeed = 0x52454749;
const identitySeed = 0x49444e54;

function categoryRates(sku: RegistrySku): CategoryRates {
  const rates = callCategories.map((category, index) => {
    const { registry, identity } = tiers[sku].calls[category];
    const salt = Math.imul(index + 1, 0x9e3779b1);
    return [category, { salt, registry: perMinute(registry), identity: perMinute(identity) }];
  });
  return Object.fromEntries(rates) as CategoryRates;
}

/**
 * So many calls a minute, and as many at once: ACR counts by the minute, so what it lets through in a minute may come in
 * its first second. A smaller burst would refuse clients that ACR serves.
 */
function perMinute(calls: number): Rate {
  const intervalMs = 60_000 / calls;
  if (!Number.isInteger(intervalMs)) throw new TypeError(`A minute has no ${calls} equal parts of whole ms.`);
  return { intervalMs, burst: calls };
}

const ratesOf: Readonly<Record<RegistrySku, CategoryRates>> = {
  Basic: categoryRates('Basic'),
  Standard: categoryRates('Standard'),
  Premium: categoryRates('Premium'),
};

function tooManyCalls(category: CallCategory, whose: 'identity' | 'registry', waitMs: number): RegistryError {
  const retryAfterSeconds = Math.ceil(waitMs / 1000);
  const of = whose === 'identity' ? 'this identity has made' : 'the registry has had';
  const message = `Too many requests: ${of} as many calls of ${category} as a minute allows. Try again in ${retryAfterSeconds} s.`;
  return new RegistryError('too_many_requests', message, { category, limit: whose, retryAfterSeconds });
}
