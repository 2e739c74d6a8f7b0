import type {
  AttributeReader,
  ListPlace,
  ManifestAttributes,
  OrderedPage,
  TagAttributes,
} from '../../registry/content-attributes.ts';
import * as read from './attribute-statements.ts';
import { contentFlags } from './content-flag-rows.ts';
import type { Queries } from './queries.ts';

/** `AttributeReader` over SQL: the same statements on both engines. */
export function readAttributes(queries: Queries): AttributeReader {
  return {
    async listTagAttributes(repository, page, digest) {
      const parameters = { repository, ...pageParameters(page) };
      const rows =
        digest === undefined
          ? await queries.all(read.tagPages[page.order], parameters)
          : await queries.all(read.tagPagesOfDigest[page.order], { ...parameters, digest });
      return rows.map(tagRow);
    },
    async tagAttributes(repository, tag) {
      const row = await queries.one(read.tagAttributes, { repository, name: tag });
      return row === undefined ? undefined : tagRow(row);
    },
    async listManifestAttributes(repository, page) {
      const parameters = { repository, ...pageParameters(page) };
      return (await queries.all(read.manifestPages[page.order], parameters)).map(manifestRow);
    },
    async manifestAttributes(repository, digest) {
      const row = await queries.one(read.manifestAttributes, { repository, digest });
      return row === undefined ? undefined : manifestRow(row);
    },
    async tagsOfManifest(repository, digest, limit) {
      const rows = await queries.all(read.tagNamesOfManifest, { repository, digest, limit });
      return rows.map((row) => row.name);
    },
    async childrenOfManifest(repository, digest, limit) {
      const rows = await queries.all(read.childrenOfManifest, { repository, digest, limit });
      return rows.map((row) => ({ digest: row.child, platform: row.platform }));
    },
  };
}

/** Before everything, and behind everything: so a first page needs no statement of its own. */
const first: ListPlace = { name: '', updatedAt: -1 };
const beyond: ListPlace = { name: '', updatedAt: Number.MAX_SAFE_INTEGER };

function pageParameters(page: OrderedPage): { time: number; last: string; limit: number } {
  const { name, updatedAt } = page.after ?? (page.order === 'timedesc' ? beyond : first);
  return { time: updatedAt, last: name, limit: page.limit };
}

const tagRow = (row: read.TagAttributeRow): TagAttributes => ({
  name: row.name,
  digest: row.digest,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  pullCount: row.pull_count,
  lastPulledAt: row.last_pulled_at,
  flags: contentFlags(row),
});

const manifestRow = (row: read.ManifestAttributeRow): ManifestAttributes => ({
  digest: row.digest,
  mediaType: row.media_type,
  artifactType: row.artifact_type,
  configMediaType: row.config_media_type,
  imageSizeBytes: row.image_size,
  architecture: row.architecture,
  os: row.os,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  pullCount: row.pull_count,
  lastPulledAt: row.last_pulled_at,
  flags: contentFlags(row),
});
