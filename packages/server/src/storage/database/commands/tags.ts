import { RegistryError } from '../../../errors.ts';
import type { Precondition } from '../../../registry/commands.ts';
import type { ContentFlags } from '../../../registry/content-flags.ts';
import { contentFlags, flagColumns } from '../content-flag-rows.ts';
import type { Transaction } from '../queries.ts';
import { statement } from '../statement.ts';

/** A tag as it stands; without a digest it is not there, and its clock is that of its deletion. */
export interface CurrentTag {
  readonly name: string;
  readonly digest: string | null;
  readonly hlc: number;
  /** Undefined where there is no tag. */
  readonly flags: ContentFlags | undefined;
}

/** In ACR's words. */
export const unknownTag = (tag: string): RegistryError =>
  new RegistryError('tag_unknown', 'the specified tag does not exist', { Tag: tag });

/** The tags of these names, locked in the order of their names, each once. */
export async function currentTags(
  tx: Transaction,
  repository: string,
  names: readonly string[],
): Promise<CurrentTag[]> {
  const found: CurrentTag[] = [];
  for (const name of [...new Set(names)].sort()) {
    const tag = await tx.one(lockTag, { repository, name });
    if (tag !== undefined) {
      found.push({ name, digest: tag.digest, hlc: tag.hlc, flags: contentFlags(tag) });
      continue;
    }
    const tombstone = await tx.one(tombstoneOf, { repository, name });
    found.push({ name, digest: null, hlc: tombstone?.hlc ?? 0, flags: undefined });
  }
  return found;
}

/** @throws precondition_failed when any of the current digests (null: not there) does not satisfy the condition. */
export function holdsPrecondition(condition: Precondition | null, current: readonly (string | null)[]): void {
  if (condition === null) return;
  for (const digest of current) {
    if (condition.ifNoneMatchAny && digest !== null) {
      throw new RegistryError(
        'precondition_failed',
        `It exists already and points at ${digest}; nothing was changed.`,
        { current: digest },
      );
    }
    if (condition.ifMatch === null) continue;
    if (digest === null)
      throw new RegistryError('precondition_failed', 'It does not exist; nothing was changed.', {
        current: null,
      });
    if (condition.ifMatch !== '*' && !condition.ifMatch.includes(digest)) {
      throw new RegistryError('precondition_failed', `It points at ${digest} now; nothing was changed.`, {
        current: digest,
      });
    }
  }
}

/** Points the tags at the digest; answers how many of them are new. */
export async function pointTags(
  tx: Transaction,
  tags: readonly CurrentTag[],
  to: {
    readonly repository: string;
    readonly digest: string;
    readonly now: number;
    readonly hlc: number;
    readonly by: string;
  },
): Promise<number> {
  let added = 0;
  for (const tag of tags) {
    if (tag.digest === null) {
      added += 1;
      if (tag.hlc > 0) await tx.run(removeTombstone, { repository: to.repository, name: tag.name });
    }
    await tx.run(pointTag, { ...to, name: tag.name });
  }
  return added;
}

/** Removes the tags; a tombstone keeps the clock of each, so that a later put is later everywhere. */
export async function removeTags(
  tx: Transaction,
  tags: readonly { readonly name: string; readonly digest: string }[],
  removal: { readonly repository: string; readonly now: number; readonly hlc: number },
): Promise<void> {
  for (const tag of tags) {
    await tx.run(removeTag, { repository: removal.repository, name: tag.name });
    await tx.run(addTombstone, { ...removal, name: tag.name, digest: tag.digest });
  }
}

const lockTag = statement<{ repository: string; name: string }>()((q, p, dialect) => {
  const query = q
    .selectFrom('tag')
    .select(['digest', 'hlc', ...flagColumns])
    .where('repository', '=', p.repository)
    .where('name', '=', p.name);
  return dialect === 'postgres' ? query.forUpdate() : query;
});

const tombstoneOf = statement<{ repository: string; name: string }>()((q, p) =>
  q
    .selectFrom('tag_tombstone')
    .select(['hlc'])
    .where('repository', '=', p.repository)
    .where('name', '=', p.name),
);

const removeTombstone = statement<{ repository: string; name: string }>()((q, p) =>
  q.deleteFrom('tag_tombstone').where('repository', '=', p.repository).where('name', '=', p.name),
);

const addTombstone = statement<{
  repository: string;
  name: string;
  digest: string;
  now: number;
  hlc: number;
}>()((q, p) =>
  q
    .insertInto('tag_tombstone')
    .values({ repository: p.repository, name: p.name, digest: p.digest, deleted_at: p.now, hlc: p.hlc })
    .onConflict((conflict) =>
      conflict
        .columns(['repository', 'name'])
        .doUpdateSet({ digest: p.digest, deleted_at: p.now, hlc: p.hlc }),
    ),
);

const removeTag = statement<{ repository: string; name: string }>()((q, p) =>
  q.deleteFrom('tag').where('repository', '=', p.repository).where('name', '=', p.name),
);

const pointTag = statement<{
  repository: string;
  name: string;
  digest: string;
  now: number;
  hlc: number;
  by: string;
}>()((q, p) =>
  q
    .insertInto('tag')
    .values({
      repository: p.repository,
      name: p.name,
      digest: p.digest,
      created_at: p.now,
      updated_at: p.now,
      updated_by: p.by,
      hlc: p.hlc,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['repository', 'name'])
        .doUpdateSet({ digest: p.digest, updated_at: p.now, updated_by: p.by, hlc: p.hlc }),
    ),
);
