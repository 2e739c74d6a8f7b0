/** What a registry holds of that which its tier limits. The registry is locked by whoever asks. */
import { sql } from 'kysely';
import { RegistryError } from '../../../errors.ts';
import { type RegistrySku, type Tier, tiers } from '../../../registry/tiers.ts';
import type { Transaction } from '../queries.ts';
import { statement } from '../statement.ts';

/** What a tier limits, with its name for people. */
const limited = { tokensMax: 'tokens', scopeMapsMax: 'scope maps' } as const satisfies Partial<
  Record<keyof Tier, string>
>;
type Limited = keyof typeof limited;

/** @throws resource_invalid when the registry has as many as its tier allows */
export async function refuseOneMore(
  tx: Transaction,
  { registry, sku }: { readonly registry: string; readonly sku: RegistrySku },
  what: Limited,
): Promise<void> {
  const most = tiers[sku][what];
  if ((await countOf(tx, registry, what)) < most) return;
  const larger = sku === 'Premium' ? '' : ', or give the registry a larger tier: registry set NAME --sku';
  const message = `A registry of the tier ${sku} has at most ${most} ${limited[what]}: delete one first${larger}.`;
  throw new RegistryError('resource_invalid', message);
}

/** @throws resource_in_use when the registry holds more than this tier allows */
export async function refuseIfOverTier(tx: Transaction, registry: string, sku: RegistrySku): Promise<void> {
  for (const what of Object.keys(limited) as Limited[]) {
    const most = tiers[sku][what];
    const count = await countOf(tx, registry, what);
    if (count <= most) continue;
    const message = `The registry has ${count} ${limited[what]}, and the tier ${sku} allows ${most}: delete ${count - most} first.`;
    throw new RegistryError('resource_in_use', message);
  }
}

async function countOf(tx: Transaction, registry: string, what: Limited): Promise<number> {
  const counting = what === 'tokensMax' ? countTokens : countScopeMaps;
  return Number((await tx.one(counting, { registry }))?.count ?? 0);
}

const countScopeMaps = statement<{ registry: string }>()((q, p) =>
  q.selectFrom('scope_map').select(sql<number>`count(*)`.as('count')).where('registry', '=', p.registry),
);

const countTokens = statement<{ registry: string }>()((q, p) =>
  q
    .selectFrom('principal')
    .select(sql<number>`count(*)`.as('count'))
    .where('registry', '=', p.registry)
    .where('kind', '=', 'token'),
);
