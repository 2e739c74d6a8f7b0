/**
 * What a command decides from is locked before it decides, always in this order: registry, repository, manifests,
 * tags in the order of their names. SQLite has one writer and needs none of it; there the same statements just read.
 */
import { sql } from 'kysely';
import { RegistryError } from '../../../errors.ts';
import type { ContentFlags } from '../../../registry/content-flags.ts';
import {
  parseRegistrySettings,
  parseRepositorySettings,
  type RegistrySettings,
  type RepositorySettings,
} from '../../../registry/settings.ts';
import { parseSku, type RegistrySku } from '../../../registry/tiers.ts';
import { contentFlags, flagColumns } from '../content-flag-rows.ts';
import type { Transaction } from '../queries.ts';
import { statement } from '../statement.ts';

export interface LockedRepository {
  readonly id: string;
  readonly name: string;
  readonly settings: RepositorySettings;
  readonly flags: ContentFlags;
}

/** The registry, locked against changes of its settings. @throws registry_unknown when it was deleted. */
export async function lockRegistry(tx: Transaction, registry: string): Promise<RegistrySettings> {
  const row = await tx.one(registryShared, { id: registry });
  if (row === undefined) throw new RegistryError('registry_unknown', 'The registry does not exist any more.');
  return parseRegistrySettings(row.settings);
}

/** The registry, locked for a change of itself. */
export async function lockRegistryForChange(
  tx: Transaction,
  registry: string,
): Promise<{ name: string; settings: RegistrySettings; sku: RegistrySku }> {
  const row = await tx.one(registryExclusive, { id: registry });
  if (row === undefined) throw new RegistryError('registry_unknown', 'The registry does not exist any more.');
  return { name: row.name, settings: parseRegistrySettings(row.settings), sku: parseSku(row.sku) };
}

/** The repository, locked for changes of what is in it, or undefined. */
export async function lockRepository(
  tx: Transaction,
  registry: string,
  name: string,
): Promise<LockedRepository | undefined> {
  const row = await tx.one(repositoryExclusive, { registry, name });
  if (row === undefined) return undefined;
  return {
    id: row.id,
    name,
    settings: parseRepositorySettings(row.settings),
    flags: contentFlags(row),
  };
}

/** The repository, locked; made when it is not there. `newId` is used only then. */
export async function lockOrMakeRepository(
  tx: Transaction,
  repository: { readonly registry: string; readonly name: string },
  made: { readonly newId: string; readonly now: number },
): Promise<LockedRepository> {
  const { registry, name } = repository;
  const found = await lockRepository(tx, registry, name);
  if (found !== undefined) return found;
  await tx.run(makeRepository, { id: made.newId, registry, name, now: made.now });
  const locked = await lockRepository(tx, registry, name);
  if (locked === undefined) throw new TypeError('A repository that was just made is not there.');
  return locked;
}

/** The repository that must be there. @throws name_unknown */
export async function lockKnownRepository(
  tx: Transaction,
  registry: string,
  name: string,
): Promise<LockedRepository> {
  const found = await lockRepository(tx, registry, name);
  if (found === undefined)
    throw new RegistryError('name_unknown', 'repository name not known to registry', { name });
  return found;
}

const registryShared = statement<{ id: string }>()((q, p, dialect) => {
  const query = q
    .selectFrom('registry')
    .select(['settings'])
    .where('id', '=', p.id)
    .where('deleted_at', 'is', null);
  return dialect === 'postgres' ? query.forShare() : query;
});

const registryExclusive = statement<{ id: string }>()((q, p, dialect) => {
  const query = q
    .selectFrom('registry')
    .select(['name', 'settings', 'sku'])
    .where('id', '=', p.id)
    .where('deleted_at', 'is', null);
  return dialect === 'postgres' ? query.forUpdate() : query;
});

// `no key`: rows that reference the repository may be inserted meanwhile by nobody who also changes it.
const repositoryExclusive = statement<{ registry: string; name: string }>()((q, p, dialect) => {
  const query = q
    .selectFrom('repository')
    .select(['id', 'settings', ...flagColumns])
    .where('registry', '=', p.registry)
    .where('name', '=', p.name);
  return dialect === 'postgres' ? query.forNoKeyUpdate() : query;
});

const makeRepository = statement<{ id: string; registry: string; name: string; now: number }>()((q, p) =>
  q
    .insertInto('repository')
    .values({
      id: p.id,
      registry: p.registry,
      name: p.name,
      settings: null,
      manifest_count: sql.lit(0),
      tag_count: sql.lit(0),
      created_at: p.now,
      updated_at: p.now,
    })
    .onConflict((conflict) => conflict.columns(['registry', 'name']).doNothing()),
);
