/** The statements that serving threads run. Each names the index or key that makes it cheap. */
import { sql } from 'kysely';
import { flagColumns } from './content-flag-rows.ts';
import { type Builder, statement } from './statement.ts';

export const deployment = statement()((q) =>
  q.selectFrom('deployment').select(['root_key_number', 'root_key_fingerprint', 'incarnation', 'origin']),
);

/** By the partial unique index registry_name. */
export const registryByName = statement<{ name: string }>()((q, p) =>
  q
    .selectFrom('registry')
    .select(['id', 'name', 'settings', 'key_number', 'created_at', 'subscription', 'resource_group', 'sku'])
    .where('name', '=', p.name)
    .where('deleted_at', 'is', null),
);

export const registries = statement()((q) =>
  q
    .selectFrom('registry')
    .select(['id', 'name', 'settings', 'key_number', 'created_at', 'subscription', 'resource_group', 'sku'])
    .where('deleted_at', 'is', null)
    .orderBy('name'),
);

export const registryKey = statement<{ registry: string; number: number }>()((q, p) =>
  q
    .selectFrom('registry_key')
    .select(['box'])
    .where('registry', '=', p.registry)
    .where('number', '=', p.number),
);

export const systemKeys = statement<{ purpose: number }>()((q, p) =>
  q.selectFrom('system_key').selectAll().where('purpose', '=', p.purpose).orderBy('version'),
);

export const principalByName = statement<{ registry: string; kind: string; name: string }>()((q, p) =>
  q
    .selectFrom('principal')
    .select(['id', 'registry', 'kind', 'name', 'enabled', 'scope_map'])
    .where('registry', '=', p.registry)
    .where('kind', '=', p.kind)
    .where('name', '=', p.name),
);

export const principalById = statement<{ id: string }>()((q, p) =>
  q
    .selectFrom('principal')
    .select(['id', 'registry', 'kind', 'name', 'enabled', 'scope_map'])
    .where('id', '=', p.id),
);

export const credentials = statement<{ principal: string }>()((q, p) =>
  q
    .selectFrom('credential')
    .select(['id', 'name', 'sealed_box', 'verifier_kind', 'verifier_version', 'verifier'])
    .where('principal', '=', p.principal)
    .orderBy('name'),
);

/** By the unique key (registry, name). */
export const repository = statement<{ registry: string; name: string }>()((q, p) =>
  q
    .selectFrom('repository')
    .select([
      'id',
      'settings',
      'manifest_count',
      'tag_count',
      'content_bytes',
      'created_at',
      'updated_at',
      ...flagColumns,
    ])
    .where('registry', '=', p.registry)
    .where('name', '=', p.name),
);

/** A keyset page over the partial index repository_catalog; an OFFSET would cost a thousand times as much at depth. */
export const repositoryPage = statement<{ registry: string; last: string; limit: number }>()((q, p) =>
  q
    .selectFrom('repository')
    .select(['name'])
    .where('registry', '=', p.registry)
    .where('name', '>', p.last)
    .where('list_enabled', '=', sql.lit(1))
    .where('manifest_count', '>', sql.lit(0))
    .orderBy('name')
    .limit(p.limit),
);

/** For people who ask for a status: it goes over all of them, and no request on the data plane runs it. */
export const repositoryCount = statement<{ registry: string }>()((q, p) =>
  q
    .selectFrom('repository')
    .select((eb) => eb.cast<number>(eb.fn.countAll(), 'bigint').as('count'))
    .where('registry', '=', p.registry)
    .where('manifest_count', '>', sql.lit(0)),
);

/** A keyset page over the primary key (repository, name). */
export const tagPage = statement<{ repository: string; last: string; limit: number }>()((q, p) =>
  q
    .selectFrom('tag')
    .select(['name'])
    .where('list_enabled', '=', sql.lit(1))
    .where('repository', '=', p.repository)
    .where('name', '>', p.last)
    .orderBy('name')
    .limit(p.limit),
);

export const tag = statement<{ repository: string; name: string }>()((q, p) =>
  q
    .selectFrom('tag')
    .select(['digest', 'read_enabled'])
    .where('repository', '=', p.repository)
    .where('name', '=', p.name),
);

export const manifest = statement<{ repository: string; digest: string }>()((q, p) =>
  q
    .selectFrom('manifest')
    .select(['media_type', 'size', 'read_enabled'])
    .where('repository', '=', p.repository)
    .where('digest', '=', p.digest),
);

export const manifestContent = statement<{ registry: string; digest: string }>()((q, p) =>
  q
    .selectFrom('manifest_content')
    .select(['box'])
    .where('registry', '=', p.registry)
    .where('digest', '=', p.digest),
);

/** A blob is found through the link that a repository has to it, and in no other way. */
export const linkedBlob = statement<{ repository: string; digest: string }>()((q, p) =>
  q
    .selectFrom('repository_blob')
    .innerJoin('blob', 'blob.id', 'repository_blob.blob')
    .select(['blob.id', 'blob.size'])
    .where('repository_blob.repository', '=', p.repository)
    .where('repository_blob.digest', '=', p.digest),
);

export const segments = statement<{ blob: string }>()((q, p) =>
  q
    .selectFrom('segment')
    .select(['id', 'start', 'length', 'cipher', 'inline_box', 'object', 'object_offset', 'key_box'])
    .where('blob', '=', p.blob)
    .orderBy('start'),
);

/** From the blob's digest over the index of its links to their repositories. */
export const repositoriesLinking = statement<{ registry: string; digest: string; limit: number }>()((q, p) =>
  q
    .selectFrom('blob')
    .innerJoin('repository_blob', 'repository_blob.blob', 'blob.id')
    .innerJoin('repository', 'repository.id', 'repository_blob.repository')
    .select(['repository.name'])
    .where('blob.registry', '=', p.registry)
    .where('blob.digest', '=', p.digest)
    .where('repository.read_enabled', '=', sql.lit(1))
    .limit(p.limit),
);

type ReferrerPage = { repository: string; subject: string; last: string; limit: number };

/** A keyset page over the partial index manifest_subject. */
export const referrerPage = statement<ReferrerPage>()((q, p) => referrers(q, p));

export const referrerPageOfType = statement<ReferrerPage & { artifactType: string }>()((q, p) =>
  referrers(q, p).where('manifest.referrer_artifact_type', '=', p.artifactType),
);

function referrers(q: Builder, p: ReferrerPage) {
  return q
    .selectFrom('manifest')
    .innerJoin('repository', 'repository.id', 'manifest.repository')
    .innerJoin('manifest_content', (join) =>
      join
        .onRef('manifest_content.registry', '=', 'repository.registry')
        .onRef('manifest_content.digest', '=', 'manifest.digest'),
    )
    .select([
      'manifest.digest',
      'manifest.media_type',
      'manifest.size',
      'manifest.referrer_artifact_type',
      'manifest.has_annotations',
      'manifest_content.box',
    ])
    .where('manifest.repository', '=', p.repository)
    .where('manifest.subject_digest', '=', p.subject)
    .where('manifest.digest', '>', p.last)
    .where('manifest.list_enabled', '=', sql.lit(1))
    .orderBy('manifest.digest')
    .limit(p.limit);
}

export const upload = statement<{ blob: string }>()((q, p) =>
  q
    .selectFrom('upload')
    .select([
      'registry',
      'repository_name',
      'principal',
      'algorithm',
      'byte_offset',
      'prefix_digest',
      'state',
      'expires_at',
    ])
    .where('blob', '=', p.blob),
);

export const openUploads = statement<{ principal: string }>()((q, p) =>
  q
    .selectFrom('upload')
    .select((eb) => [
      eb.cast<number>(eb.fn.countAll(), 'bigint').as('count'),
      eb.cast<number>(eb.fn.coalesce(eb.fn.sum('byte_offset'), eb.lit(0)), 'bigint').as('bytes'),
    ])
    .where('principal', '=', p.principal)
    .where('state', '=', sql.lit('open')),
);

/** Walks the partial index upload_open. */
export const openUploadCount = statement()((q) =>
  q
    .selectFrom('upload')
    .select((eb) => eb.cast<number>(eb.fn.countAll(), 'bigint').as('count'))
    .where('state', '=', sql.lit('open')),
);
