/** A repository as a whole. */
import { sql } from 'kysely';
import { limits } from '../../../limits.ts';
import { operationDisallowed, refuseUndeletable } from '../../../registry/content-flags.ts';
import type { Transaction } from '../queries.ts';
import { statement } from '../statement.ts';
import { type CommandBody, nextHlc, touchedRepository } from './command.ts';
import { lockKnownRepository, lockRegistry } from './locks.ts';

/**
 * Takes a repository away with its manifests, tags and links; one that is made later under its name has another id.
 * The bytes of its blobs stay, as with every deletion. @throws operation_disallowed while it, or a tag or a manifest
 * in it, may not be deleted
 */
export const deleteRepository: CommandBody<'deleteRepository'> = async (tx, input, context) => {
  await lockRegistry(tx, input.registry);
  const repository = await lockKnownRepository(tx, input.registry, input.repositoryName);
  refuseUndeletable(repository.flags);
  const key = { repository: repository.id };
  // Rows that others may be changing are locked before anything is decided from them.
  const manifests = await tx.all(manifestsOf, key);
  const tags = await tx.all(tagsOfRepository, key);
  await refuseLocked(tx, key);
  const hlc = nextHlc(context.now, ...newest(manifests), ...newest(tags));
  for (const removal of removals) await tx.run(removal, key);
  await noteDeletion(tx, input, context.now);
  return {
    // Tokens name repositories: what they say of this one is over.
    rights: true,
    value: { manifests: manifests.map((row) => row.digest), tags: tags.map((row) => row.name) },
    touched: [touchedRepository(input.registry, input.repositoryName)],
    event: {
      registry: input.registry,
      kind: 'repository.delete',
      repository,
      hlc,
      // Counts, since a large repository has more of both than an event should hold; all of them are gone.
      payload: { manifests: manifests.length, tags: tags.length },
    },
  };
};

async function noteDeletion(
  tx: Transaction,
  { registry, repositoryName: name }: { readonly registry: string; readonly repositoryName: string },
  now: number,
): Promise<void> {
  const before =
    now - (limits.accessTokenSeconds + limits.uploadLifetimeSeconds + limits.clockSkewSeconds) * 1000;
  await tx.run(forgetDeletions, { registry, before });
  const known = (await tx.one(deletionOf, { registry, name }))?.deleted_at ?? 0;
  await tx.run(saveDeletion, { registry, name, deletedAt: Math.max(now, known + 1) });
}

async function refuseLocked(tx: Transaction, key: { repository: string }): Promise<void> {
  const locked = (await tx.one(aLockedTag, key)) ?? (await tx.one(aLockedManifest, key));
  if (locked !== undefined) throw operationDisallowed();
}

/** The greatest clock of the rows, or nothing: there may be too many of them to be arguments of a function. */
function newest(rows: readonly { readonly hlc: number }[]): number[] {
  return rows.length === 0 ? [] : [rows.reduce((most, row) => Math.max(most, row.hlc), 0)];
}

type Key = { repository: string };

const forgetDeletions = statement<{ registry: string; before: number }>()((q, p) =>
  q.deleteFrom('repository_deletion').where('registry', '=', p.registry).where('deleted_at', '<', p.before),
);

const deletionOf = statement<{ registry: string; name: string }>()((q, p) =>
  q
    .selectFrom('repository_deletion')
    .select(['deleted_at'])
    .where('registry', '=', p.registry)
    .where('name', '=', p.name),
);

const saveDeletion = statement<{ registry: string; name: string; deletedAt: number }>()((q, p) =>
  q
    .insertInto('repository_deletion')
    .values({ registry: p.registry, name: p.name, deleted_at: p.deletedAt })
    .onConflict((conflict) =>
      conflict.columns(['registry', 'name']).doUpdateSet({ deleted_at: p.deletedAt }),
    ),
);

const manifestsOf = statement<Key>()((q, p, dialect) => {
  const query = q
    .selectFrom('manifest')
    .select(['digest', 'hlc'])
    .where('repository', '=', p.repository)
    .orderBy('digest');
  return dialect === 'postgres' ? query.forUpdate() : query;
});

const tagsOfRepository = statement<Key>()((q, p, dialect) => {
  const query = q
    .selectFrom('tag')
    .select(['name', 'hlc'])
    .where('repository', '=', p.repository)
    .orderBy('name');
  return dialect === 'postgres' ? query.forUpdate() : query;
});

const aLockedTag = statement<Key>()((q, p) =>
  q
    .selectFrom('tag')
    .select(['name'])
    .where('repository', '=', p.repository)
    .where((eb) => eb.or([eb('delete_enabled', '=', sql.lit(0)), eb('write_enabled', '=', sql.lit(0))]))
    .limit(1),
);

const aLockedManifest = statement<Key>()((q, p) =>
  q
    .selectFrom('manifest')
    .select(['digest'])
    .where('repository', '=', p.repository)
    .where((eb) => eb.or([eb('delete_enabled', '=', sql.lit(0)), eb('write_enabled', '=', sql.lit(0))]))
    .limit(1),
);

/** What refers to the repository goes before it. */
const removals = [
  statement<Key>()((q, p) => q.deleteFrom('manifest_reference').where('repository', '=', p.repository)),
  statement<Key>()((q, p) => q.deleteFrom('tag').where('repository', '=', p.repository)),
  statement<Key>()((q, p) => q.deleteFrom('tag_tombstone').where('repository', '=', p.repository)),
  statement<Key>()((q, p) => q.deleteFrom('manifest').where('repository', '=', p.repository)),
  statement<Key>()((q, p) => q.deleteFrom('repository_blob').where('repository', '=', p.repository)),
  statement<Key>()((q, p) => q.deleteFrom('repository').where('id', '=', p.repository)),
] as const;
