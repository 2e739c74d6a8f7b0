/** Blobs as repositories see them: links. A blob can be read only through a repository that links it. */
import { sql } from 'kysely';
import { RegistryError } from '../../../errors.ts';
import { operationDisallowed, refuseUnwritable } from '../../../registry/content-flags.ts';
import { allowsSparseManifests } from '../../../registry/settings.ts';
import type { Transaction } from '../queries.ts';
import { statement } from '../statement.ts';
import { type CommandBody, touchedRepository } from './command.ts';
import { lockKnownRepository, lockOrMakeRepository, lockRegistry } from './locks.ts';

/** Links a blob that another repository of the registry links. */
export const mountBlob: CommandBody<'mountBlob'> = async (tx, input, context) => {
  await lockRegistry(tx, input.registry);
  const source = await tx.one(linkedIn, { registry: input.registry, name: input.from, digest: input.digest });
  if (source === undefined) return { value: { mounted: false } };
  const repository = await lockOrMakeRepository(
    tx,
    { registry: input.registry, name: input.repositoryName },
    { newId: context.newId, now: context.now },
  );
  refuseUnwritable(repository.flags);
  const linked = await linkBlob(tx, {
    repository: repository.id,
    digest: input.digest,
    blob: source.blob,
    now: context.now,
  });
  return {
    value: { mounted: true },
    touched: [touchedRepository(input.registry, input.repositoryName)],
    event: {
      registry: input.registry,
      kind: 'blob.mount',
      repository,
      payload: { digest: input.digest, from: input.from, linked },
    },
  };
};

/** Takes a blob out of a repository; its bytes stay while another repository links it. */
export const unlinkBlob: CommandBody<'unlinkBlob'> = async (tx, input) => {
  const registry = await lockRegistry(tx, input.registry);
  const repository = await lockKnownRepository(tx, input.registry, input.repositoryName);
  refuseUnwritable(repository.flags);
  const found = await tx.one(link, { repository: repository.id, digest: input.digest });
  if (found === undefined)
    throw new RegistryError('blob_unknown', 'blob unknown to registry', { digest: input.digest });
  if (!allowsSparseManifests(registry, repository.settings)) {
    const user = await tx.one(aParentOf, { repository: repository.id, child: input.digest });
    if (user !== undefined) {
      throw new RegistryError(
        'blob_referenced',
        `The manifest ${user.parent} of this repository needs the blob: delete that first.`,
        {
          digest: input.digest,
          manifest: user.parent,
        },
      );
    }
  } else {
    await refuseWhileLockedParent(tx, { repository: repository.id, digest: input.digest });
  }
  await tx.run(removeLink, { repository: repository.id, digest: input.digest });
  await tx.run(countBlob, { repository: repository.id, blob: found.blob, times: -1 });
  return {
    value: {},
    touched: [touchedRepository(input.registry, input.repositoryName)],
    event: { registry: input.registry, kind: 'blob.delete', repository, payload: { digest: input.digest } },
  };
};

/** Adds the link; false when it was there. */
export async function linkBlob(
  tx: Transaction,
  added: {
    readonly repository: string;
    readonly digest: string;
    readonly blob: string;
    readonly now: number;
  },
): Promise<boolean> {
  const linked = (await tx.run(addLink, added)) > 0;
  if (linked) await tx.run(countBlob, { repository: added.repository, blob: added.blob, times: 1 });
  return linked;
}

/** Also where a manifest's parts may be missing, nothing is taken from a locked one. @throws operation_disallowed */
export async function refuseWhileLockedParent(
  tx: Transaction,
  part: { readonly repository: string; readonly digest: string },
): Promise<void> {
  if ((await tx.one(aLockedParentOf, { repository: part.repository, child: part.digest })) !== undefined)
    throw operationDisallowed();
}

/** A manifest of the repository that references this digest. */
export const aParentOf = statement<{ repository: string; child: string }>()((q, p) =>
  q
    .selectFrom('manifest_reference')
    .select(['parent'])
    .where('repository', '=', p.repository)
    .where('child', '=', p.child)
    .limit(1),
);

const aLockedParentOf = statement<{ repository: string; child: string }>()((q, p) =>
  q
    .selectFrom('manifest_reference')
    .innerJoin('manifest', (join) =>
      join
        .onRef('manifest.repository', '=', 'manifest_reference.repository')
        .onRef('manifest.digest', '=', 'manifest_reference.parent'),
    )
    .select(['manifest.digest'])
    .where('manifest_reference.repository', '=', p.repository)
    .where('manifest_reference.child', '=', p.child)
    .where((eb) =>
      eb.or([eb('manifest.delete_enabled', '=', sql.lit(0)), eb('manifest.write_enabled', '=', sql.lit(0))]),
    )
    .limit(1),
);

export const link = statement<{ repository: string; digest: string }>()((q, p, dialect) => {
  const query = q
    .selectFrom('repository_blob')
    .select(['blob'])
    .where('repository', '=', p.repository)
    .where('digest', '=', p.digest);
  // A manifest that needs the blob keeps anybody from unlinking it until it is there.
  return dialect === 'postgres' ? query.forShare() : query;
});

const linkedIn = statement<{ registry: string; name: string; digest: string }>()((q, p, dialect) => {
  const query = q
    .selectFrom('repository')
    .innerJoin('repository_blob', 'repository_blob.repository', 'repository.id')
    .select(['repository_blob.blob'])
    .where('repository.registry', '=', p.registry)
    .where('repository.name', '=', p.name)
    .where('repository_blob.digest', '=', p.digest)
    .where('repository.read_enabled', '=', sql.lit(1));
  return dialect === 'postgres' ? query.forShare('repository_blob') : query;
});

const addLink = statement<{ repository: string; digest: string; blob: string; now: number }>()((q, p) =>
  q
    .insertInto('repository_blob')
    .values({ repository: p.repository, digest: p.digest, blob: p.blob, linked_at: p.now })
    .onConflict((conflict) => conflict.columns(['repository', 'digest']).doNothing()),
);

/** Keeps how many bytes the repository holds. */
const countBlob = statement<{ repository: string; blob: string; times: number }>()((q, p) =>
  q
    .updateTable('repository')
    .set({
      content_bytes: sql<number>`content_bytes + ${p.times} * (select size from blob where id = ${p.blob})`,
    })
    .where('id', '=', p.repository),
);

const removeLink = statement<{ repository: string; digest: string }>()((q, p) =>
  q.deleteFrom('repository_blob').where('repository', '=', p.repository).where('digest', '=', p.digest),
);
