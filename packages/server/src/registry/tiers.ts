/** ACR's three tiers (SKUs). */
export type RegistrySku = (typeof registrySkus)[number];

export const registrySkus = ['Basic', 'Standard', 'Premium'] as const;

/** What calls are counted by. A list of referrers counts as a read too. */
export type CallCategory = (typeof callCategories)[number];

export const callCategories = [
  'DataplaneRead',
  'DataplaneWrite',
  'DataplaneDelete',
  'ListReferrers',
  'OAuth',
] as const;

/** Calls a minute: of all callers of a registry together, and of each identity. */
export interface CallsPerMinute {
  readonly registry: number;
  readonly identity: number;
}

/** What a tier allows. */
export interface Tier {
  readonly tokensMax: number;
  readonly scopeMapsMax: number;
  readonly calls: Readonly<Record<CallCategory, CallsPerMinute>>;
}

/**
 * Basic and Standard have the same. ACR has no limit for an identity in OAuth, where nobody is known yet; here it is one
 * for each address, so that one machine can't take everybody's logins.
 */
const calls: Tier['calls'] = {
  DataplaneRead: { registry: 10_000, identity: 5000 },
  DataplaneWrite: { registry: 2000, identity: 1000 },
  DataplaneDelete: { registry: 1000, identity: 500 },
  ListReferrers: { registry: 500, identity: 250 },
  OAuth: { registry: 10_000, identity: 5000 },
};

/** ACR's figures of 2026 (tiers, and rate limits by category). */
export const tiers: Readonly<Record<RegistrySku, Tier>> = {
  Basic: { tokensMax: 100, scopeMapsMax: 100, calls },
  Standard: { tokensMax: 500, scopeMapsMax: 500, calls },
  Premium: {
    tokensMax: 50_000,
    scopeMapsMax: 50_000,
    calls: {
      DataplaneRead: { registry: 20_000, identity: 10_000 },
      DataplaneWrite: { registry: 4000, identity: 2000 },
      DataplaneDelete: { registry: 4000, identity: 2000 },
      ListReferrers: { registry: 2000, identity: 1000 },
      OAuth: { registry: 20_000, identity: 10_000 },
    },
  },
};

/**
 * The tier of a registry of which nothing is said, and of one that is older than tiers: whoever owns the machine need
 * not be held to the figures of a smaller one.
 */
export const defaultSku: RegistrySku = 'Premium';

/** A tier as a row has it. Throws TypeError for another text. */
export function parseSku(text: string): RegistrySku {
  const sku = registrySkus.find((known) => known === text);
  if (sku === undefined) throw new TypeError(`«${text}» is no tier of a registry.`);
  return sku;
}
