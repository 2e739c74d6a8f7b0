/** The statements of the manifest commands. */
import { sql } from 'kysely';
import { RegistryError } from '../../../errors.ts';
import { flagColumns } from '../content-flag-rows.ts';
import { statement } from '../statement.ts';

/** In ACR's words. */
export const unknownManifest = (digest: string, name: string): RegistryError =>
  new RegistryError('manifest_unknown', `manifest ${digest} is not found`, { Name: name, Revision: digest });

type ManifestKey = { repository: string; digest: string };

export const lockManifest = statement<ManifestKey>()((q, p, dialect) => {
  const query = q
    .selectFrom('manifest')
    .select(['media_type', 'size', 'hlc', ...flagColumns])
    .where('repository', '=', p.repository)
    .where('digest', '=', p.digest);
  return dialect === 'postgres' ? query.forUpdate() : query;
});

/** What a command sees of a manifest that it has locked. */
export type LockedManifest = NonNullable<(typeof lockManifest)['types']>['row'];

/** A child of an index: nobody may delete it until the index is there. */
export const shareManifest = statement<ManifestKey>()((q, p, dialect) => {
  const query = q
    .selectFrom('manifest')
    .select(['index_depth', 'image_size'])
    .where('repository', '=', p.repository)
    .where('digest', '=', p.digest);
  return dialect === 'postgres' ? query.forShare() : query;
});

export const addContent = statement<{ registry: string; digest: string; box: Uint8Array; now: number }>()(
  (q, p) =>
    q
      .insertInto('manifest_content')
      .values({ registry: p.registry, digest: p.digest, box: p.box, created_at: p.now })
      .onConflict((conflict) => conflict.columns(['registry', 'digest']).doNothing()),
);

type ManifestFacts = ManifestKey & {
  mediaType: string;
  artifactType: string | null;
  referrerArtifactType: string | null;
  subject: string | null;
  config: string | null;
  configMediaType: string | null;
  annotations: number;
  size: number;
  imageSize: number;
  architecture: string | null;
  os: string | null;
  variant: string | null;
  osVersion: string | null;
  configCreated: string | null;
  labelsBox: Uint8Array | null;
  indexDepth: number;
  by: string;
  now: number;
  hlc: number;
};

export const addManifest = statement<ManifestFacts>()((q, p) =>
  q.insertInto('manifest').values({
    repository: p.repository,
    digest: p.digest,
    media_type: p.mediaType,
    artifact_type: p.artifactType,
    referrer_artifact_type: p.referrerArtifactType,
    subject_digest: p.subject,
    config_digest: p.config,
    config_media_type: p.configMediaType,
    has_annotations: p.annotations,
    size: p.size,
    image_size: p.imageSize,
    architecture: p.architecture,
    os: p.os,
    variant: p.variant,
    os_version: p.osVersion,
    config_created: p.configCreated,
    labels_box: p.labelsBox,
    index_depth: p.indexDepth,
    pushed_by: p.by,
    created_at: p.now,
    updated_at: p.now,
    hlc: p.hlc,
  }),
);

export const touchManifest = statement<ManifestKey & { now: number; hlc: number }>()((q, p) =>
  q
    .updateTable('manifest')
    .set({ updated_at: p.now, hlc: p.hlc })
    .where('repository', '=', p.repository)
    .where('digest', '=', p.digest),
);

export const removeManifest = statement<ManifestKey>()((q, p) =>
  q.deleteFrom('manifest').where('repository', '=', p.repository).where('digest', '=', p.digest),
);

type ReferenceRow = {
  repository: string;
  parent: string;
  child: string;
  kind: string;
  mediaType: string;
  size: number;
  required: number;
  platform: string | null;
};

export const addReference = statement<ReferenceRow>()((q, p) =>
  q.insertInto('manifest_reference').values({
    repository: p.repository,
    parent: p.parent,
    child: p.child,
    kind: p.kind,
    media_type: p.mediaType,
    size: p.size,
    required: p.required,
    platform: p.platform,
  }),
);

export const removeReferences = statement<{ repository: string; parent: string }>()((q, p) =>
  q.deleteFrom('manifest_reference').where('repository', '=', p.repository).where('parent', '=', p.parent),
);

export const tagsOf = statement<ManifestKey>()((q, p, dialect) => {
  const query = q
    .selectFrom('tag')
    .select(['name', 'digest', 'hlc', ...flagColumns])
    .where('repository', '=', p.repository)
    // Names by the index tag_digest first: SQLite would rather walk over all tags of the repository.
    .where('name', 'in', (eb) =>
      eb
        .selectFrom('tag')
        .select('name')
        .where('repository', '=', p.repository)
        .where('digest', '=', p.digest),
    )
    .orderBy('name');
  return dialect === 'postgres' ? query.forUpdate() : query;
});

/** Keeps the repository's counters, which listings and quotas read instead of counting. */
export const countContent = statement<{
  repository: string;
  manifests: number;
  tags: number;
  bytes: number;
  now: number;
}>()((q, p) =>
  q
    .updateTable('repository')
    .set({
      manifest_count: sql<number>`manifest_count + ${p.manifests}`,
      tag_count: sql<number>`tag_count + ${p.tags}`,
      content_bytes: sql<number>`content_bytes + ${p.bytes}`,
      updated_at: p.now,
    })
    .where('id', '=', p.repository),
);
