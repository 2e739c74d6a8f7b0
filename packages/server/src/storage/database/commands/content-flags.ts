/** The four flags that owners set on repositories, manifests and tags. */
import type { FlaggedContent } from '../../../registry/commands.ts';
import type { ContentFlags } from '../../../registry/content-flags.ts';
import { contentFlags } from '../content-flag-rows.ts';
import type { Transaction } from '../queries.ts';
import { statement } from '../statement.ts';
import { type CommandBody, touchedRepository } from './command.ts';
import { type LockedRepository, lockKnownRepository, lockRegistry } from './locks.ts';
import { lockManifest, unknownManifest } from './manifest-statements.ts';
import { currentTags, unknownTag } from './tags.ts';

/** Changes some of the flags, also of what is locked: that is how it is unlocked. */
export const setContentFlags: CommandBody<'setContentFlags'> = async (tx, input) => {
  await lockRegistry(tx, input.registry);
  const repository = await lockKnownRepository(tx, input.registry, input.repositoryName);
  const before = await lockedFlags(tx, repository, input.content);
  const after: ContentFlags = { ...before, ...input.change };
  const { kind, ...named } = input.content;
  await save(tx, repository.id, { content: input.content, flags: after });
  return {
    value: after,
    touched: [touchedRepository(input.registry, input.repositoryName)],
    event: {
      registry: input.registry,
      kind: `${kind}.flag`,
      repository,
      payload: { ...named, before, after },
    },
  };
};

async function lockedFlags(
  tx: Transaction,
  repository: LockedRepository,
  content: FlaggedContent,
): Promise<ContentFlags> {
  switch (content.kind) {
    case 'repository':
      return repository.flags;
    case 'tag': {
      const [tag] = await currentTags(tx, repository.id, [content.tag]);
      if (tag?.flags === undefined) throw unknownTag(content.tag);
      return tag.flags;
    }
    case 'manifest': {
      const key = { repository: repository.id, digest: content.digest };
      const manifest = await tx.one(lockManifest, key);
      if (manifest === undefined) throw unknownManifest(content.digest, repository.name);
      return contentFlags(manifest);
    }
  }
}

async function save(
  tx: Transaction,
  repository: string,
  { content, flags }: { readonly content: FlaggedContent; readonly flags: ContentFlags },
): Promise<void> {
  const row = {
    repository,
    deletes: Number(flags.deleteEnabled),
    writes: Number(flags.writeEnabled),
    reads: Number(flags.readEnabled),
    lists: Number(flags.listEnabled),
  };
  if (content.kind === 'repository') await tx.run(saveRepositoryFlags, row);
  else if (content.kind === 'tag') await tx.run(saveTagFlags, { ...row, tag: content.tag });
  else await tx.run(saveManifestFlags, { ...row, digest: content.digest });
}

type FlagRow = { repository: string; deletes: number; writes: number; reads: number; lists: number };

const columns = (p: FlagRow) => ({
  delete_enabled: p.deletes,
  write_enabled: p.writes,
  read_enabled: p.reads,
  list_enabled: p.lists,
});

const saveRepositoryFlags = statement<FlagRow>()((q, p) =>
  q.updateTable('repository').set(columns(p)).where('id', '=', p.repository),
);

const saveTagFlags = statement<FlagRow & { tag: string }>()((q, p) =>
  q.updateTable('tag').set(columns(p)).where('repository', '=', p.repository).where('name', '=', p.tag),
);

const saveManifestFlags = statement<FlagRow & { digest: string }>()((q, p) =>
  q
    .updateTable('manifest')
    .set(columns(p))
    .where('repository', '=', p.repository)
    .where('digest', '=', p.digest),
);
