/** Reads what ACR's own interface tells of tags and manifests; each page is a keyset over an index. */
import { sql } from 'kysely';
import type { ListOrder } from '../../registry/content-attributes.ts';
import { flagColumns } from './content-flag-rows.ts';
import { type Builder, type Statement, statement } from './statement.ts';

const tagColumns = [
  'name',
  'digest',
  'created_at',
  'updated_at',
  'pull_count',
  'last_pulled_at',
  ...flagColumns,
] as const;
const manifestColumns = [
  'digest',
  'media_type',
  'artifact_type',
  'config_media_type',
  'image_size',
  'architecture',
  'os',
  'created_at',
  'updated_at',
  'pull_count',
  'last_pulled_at',
  ...flagColumns,
] as const;

type Page = { repository: string; time: number; last: string; limit: number };

const listedTags = (q: Builder, p: { repository: string }) =>
  q
    .selectFrom('tag')
    .select(tagColumns)
    .where('repository', '=', p.repository)
    .where('list_enabled', '=', sql.lit(1));

/** Over the primary key, or over the index tag_time. */
export const tagPages = {
  name: statement<Page>()((q, p) =>
    listedTags(q, p).where('name', '>', p.last).orderBy('name').limit(p.limit),
  ),
  timeasc: statement<Page>()((q, p) =>
    listedTags(q, p)
      .where((eb) => eb(eb.refTuple('updated_at', 'name'), '>', eb.tuple(p.time, p.last)))
      .orderBy('updated_at')
      .orderBy('name')
      .limit(p.limit),
  ),
  timedesc: statement<Page>()((q, p) =>
    listedTags(q, p)
      .where((eb) => eb(eb.refTuple('updated_at', 'name'), '<', eb.tuple(p.time, p.last)))
      .orderBy('updated_at', 'desc')
      .orderBy('name', 'desc')
      .limit(p.limit),
  ),
} satisfies Record<ListOrder, unknown>;

type PageOfDigest = Page & { digest: string };

/** Names by the index tag_digest first: SQLite would rather walk over all tags of the repository. */
const tagsOfDigest = (q: Builder, p: PageOfDigest) =>
  listedTags(q, p).where('name', 'in', (eb) =>
    eb.selectFrom('tag').select('name').where('repository', '=', p.repository).where('digest', '=', p.digest),
  );

/** The plus keeps SQLite from walking the index tag_time: few tags point at one manifest, and are sorted soon. */
const sortedTime = sql<number>`+updated_at`;

export const tagPagesOfDigest = {
  name: statement<PageOfDigest>()((q, p) =>
    tagsOfDigest(q, p).where('name', '>', p.last).orderBy('name').limit(p.limit),
  ),
  timeasc: statement<PageOfDigest>()((q, p) =>
    tagsOfDigest(q, p)
      .where(sql<boolean>`(${sortedTime}, name) > (${p.time}, ${p.last})`)
      .orderBy(sortedTime)
      .orderBy('name')
      .limit(p.limit),
  ),
  timedesc: statement<PageOfDigest>()((q, p) =>
    tagsOfDigest(q, p)
      .where(sql<boolean>`(${sortedTime}, name) < (${p.time}, ${p.last})`)
      .orderBy(sortedTime, 'desc')
      .orderBy('name', 'desc')
      .limit(p.limit),
  ),
} satisfies Record<ListOrder, unknown>;

export const tagAttributes = statement<{ repository: string; name: string }>()((q, p) =>
  q.selectFrom('tag').select(tagColumns).where('repository', '=', p.repository).where('name', '=', p.name),
);

const listedManifests = (q: Builder, p: { repository: string }) =>
  q
    .selectFrom('manifest')
    .select(manifestColumns)
    .where('repository', '=', p.repository)
    .where('list_enabled', '=', sql.lit(1));

/** Over the primary key, or over the index manifest_time. */
export const manifestPages = {
  name: statement<Page>()((q, p) =>
    listedManifests(q, p).where('digest', '>', p.last).orderBy('digest').limit(p.limit),
  ),
  timeasc: statement<Page>()((q, p) =>
    listedManifests(q, p)
      .where((eb) => eb(eb.refTuple('updated_at', 'digest'), '>', eb.tuple(p.time, p.last)))
      .orderBy('updated_at')
      .orderBy('digest')
      .limit(p.limit),
  ),
  timedesc: statement<Page>()((q, p) =>
    listedManifests(q, p)
      .where((eb) => eb(eb.refTuple('updated_at', 'digest'), '<', eb.tuple(p.time, p.last)))
      .orderBy('updated_at', 'desc')
      .orderBy('digest', 'desc')
      .limit(p.limit),
  ),
} satisfies Record<ListOrder, unknown>;

export const manifestAttributes = statement<{ repository: string; digest: string }>()((q, p) =>
  q
    .selectFrom('manifest')
    .select(manifestColumns)
    .where('repository', '=', p.repository)
    .where('digest', '=', p.digest),
);

type OfManifest = { repository: string; digest: string; limit: number };

/** By the index tag_digest. */
export const tagNamesOfManifest = statement<OfManifest>()((q, p) =>
  q
    .selectFrom('tag')
    .select(['name'])
    .where('repository', '=', p.repository)
    .where('digest', '=', p.digest)
    .orderBy('name')
    .limit(p.limit),
);

/** By the primary key (repository, parent, child). */
export const childrenOfManifest = statement<OfManifest>()((q, p) =>
  q
    .selectFrom('manifest_reference')
    .select(['child', 'platform'])
    .where('repository', '=', p.repository)
    .where('parent', '=', p.digest)
    .where('kind', '=', sql.lit('child'))
    .orderBy('child')
    .limit(p.limit),
);

/** The row that a statement answers. */
type RowOf<S> = S extends Statement<infer _P, infer R> ? R : never;

export type TagAttributeRow = RowOf<typeof tagAttributes>;
export type ManifestAttributeRow = RowOf<typeof manifestAttributes>;
