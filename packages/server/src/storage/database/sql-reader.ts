/** `MetadataReader` over SQL: the same statements on both engines. */
import type { SegmentFacts } from '../../registry/commands.ts';
import type {
  BlobRow,
  CredentialRow,
  ManifestRow,
  MetadataReader,
  PageRequest,
  PrincipalRow,
  ReferrerRow,
  RegistryRow,
  RepositoryRow,
  SystemKeyRow,
  UploadRow,
} from '../../registry/metadata-reader.ts';
import { parseRegistrySettings, parseRepositorySettings } from '../../registry/settings.ts';
import { parseSku } from '../../registry/tiers.ts';
import { accessSqlReader } from './access-sql-reader.ts';
import { readAttributes } from './attribute-reader.ts';
import { contentFlags } from './content-flag-rows.ts';
import type { Queries } from './queries.ts';
import * as read from './read-statements.ts';
import type { PrincipalTable } from './schema.ts';

/** Reads through the given connection. */
export function sqlReader(queries: Queries): MetadataReader {
  return {
    ...readDeployment(queries),
    ...readPrincipals(queries),
    ...accessSqlReader(queries),
    ...readContent(queries),
    ...readLists(queries),
    ...readUploads(queries),
    ...readAttributes(queries),
  };
}

type Part<Names extends keyof MetadataReader> = Pick<MetadataReader, Names>;

function readDeployment(
  queries: Queries,
): Part<'deployment' | 'findRegistry' | 'listRegistries' | 'registryKeyBox' | 'listSystemKeys'> {
  return {
    async deployment() {
      const row = await queries.one(read.deployment, {});
      if (row === undefined) return undefined;
      return {
        rootKeyNumber: row.root_key_number,
        rootKeyFingerprint: row.root_key_fingerprint,
        incarnation: row.incarnation,
        origin: row.origin,
      };
    },
    async findRegistry(name) {
      const row = await queries.one(read.registryByName, { name });
      return row === undefined ? undefined : registryRow(row);
    },
    async listRegistries() {
      return (await queries.all(read.registries, {})).map(registryRow);
    },
    async registryKeyBox(registry, keyNumber) {
      return (await queries.one(read.registryKey, { registry, number: keyNumber }))?.box;
    },
    async listSystemKeys(purpose): Promise<SystemKeyRow[]> {
      const rows = await queries.all(read.systemKeys, { purpose });
      return rows.map((row) => ({
        purpose: row.purpose,
        version: row.version,
        box: row.box,
        createdAt: row.created_at,
        retiredAt: row.retired_at,
      }));
    },
  };
}

function readPrincipals(queries: Queries): Part<'findPrincipal' | 'principalById' | 'listCredentials'> {
  return {
    async findPrincipal(registry, kind, name) {
      return principalRow(await queries.one(read.principalByName, { registry, kind, name }));
    },
    async principalById(id) {
      return principalRow(await queries.one(read.principalById, { id }));
    },
    async listCredentials(principal): Promise<CredentialRow[]> {
      const rows = await queries.all(read.credentials, { principal });
      return rows.map((row) => ({
        id: row.id,
        name: row.name === 'password2' ? 'password2' : 'password',
        sealedBox: row.sealed_box,
        verifierKind: row.verifier_kind === 'scrypt' ? 'scrypt' : 'hmac',
        verifierVersion: row.verifier_version,
        verifier: row.verifier,
      }));
    },
  };
}

function readContent(
  queries: Queries,
): Part<'findRepository' | 'findTag' | 'findManifest' | 'manifestBox' | 'findBlob' | 'segments'> {
  return {
    async findRepository(registry, name): Promise<RepositoryRow | undefined> {
      const row = await queries.one(read.repository, { registry, name });
      if (row === undefined) return undefined;
      return {
        id: row.id,
        registry,
        name,
        createdAt: row.created_at,
        updatedAt: row.updated_at,
        manifestCount: row.manifest_count,
        tagCount: row.tag_count,
        contentBytes: row.content_bytes,
        flags: contentFlags(row),
        settings: parseRepositorySettings(row.settings),
      };
    },
    async findTag(repository, tag) {
      const row = await queries.one(read.tag, { repository, name: tag });
      return row === undefined ? undefined : { digest: row.digest, readEnabled: row.read_enabled === 1 };
    },
    async findManifest(repository, digest): Promise<ManifestRow | undefined> {
      const row = await queries.one(read.manifest, { repository, digest });
      if (row === undefined) return undefined;
      const { media_type: mediaType, size: sizeBytes, read_enabled: readEnabled } = row;
      return { digest, mediaType, sizeBytes, readEnabled: readEnabled === 1 };
    },
    async manifestBox(registry, digest) {
      return (await queries.one(read.manifestContent, { registry, digest }))?.box;
    },
    async findBlob(repository, digest): Promise<BlobRow | undefined> {
      const row = await queries.one(read.linkedBlob, { repository, digest });
      return row === undefined ? undefined : { id: row.id, digest, sizeBytes: row.size };
    },
    async segments(blob): Promise<SegmentFacts[]> {
      const rows = await queries.all(read.segments, { blob });
      return rows.map((row) => ({
        id: row.id,
        startBytes: row.start,
        lengthBytes: row.length,
        cipher: row.cipher,
        inlineBox: row.inline_box,
        object: row.object,
        objectOffset: row.object_offset,
        keyBox: row.key_box,
      }));
    },
  };
}

function readLists(
  queries: Queries,
): Part<'listRepositories' | 'countRepositories' | 'listTags' | 'listRepositoriesLinking' | 'listReferrers'> {
  return {
    async listRepositories(registry, page) {
      const rows = await queries.all(read.repositoryPage, { registry, ...pageParameters(page) });
      return rows.map((row) => row.name);
    },
    async countRepositories(registry) {
      return (await queries.one(read.repositoryCount, { registry }))?.count ?? 0;
    },
    async listTags(repository, page) {
      const rows = await queries.all(read.tagPage, { repository, ...pageParameters(page) });
      return rows.map((row) => row.name);
    },
    async listRepositoriesLinking(registry, digest, limit) {
      const rows = await queries.all(read.repositoriesLinking, { registry, digest, limit });
      return rows.map((row) => row.name);
    },
    async listReferrers(repository, { subject, artifactType }, page): Promise<ReferrerRow[]> {
      const parameters = { repository, subject, ...pageParameters(page) };
      const rows =
        artifactType === undefined
          ? await queries.all(read.referrerPage, parameters)
          : await queries.all(read.referrerPageOfType, { ...parameters, artifactType });
      return rows.map((row) => ({
        digest: row.digest,
        mediaType: row.media_type,
        sizeBytes: row.size,
        artifactType: row.referrer_artifact_type,
        hasAnnotations: row.has_annotations === 1,
        box: row.box,
      }));
    },
  };
}

function readUploads(queries: Queries): Part<'findUpload' | 'openUploads' | 'countOpenUploads'> {
  return {
    async findUpload(blob): Promise<UploadRow | undefined> {
      const row = await queries.one(read.upload, { blob });
      if (row === undefined) return undefined;
      return {
        blob,
        registry: row.registry,
        repositoryName: row.repository_name,
        principal: row.principal,
        algorithm: row.algorithm,
        offsetBytes: row.byte_offset,
        prefixDigest: row.prefix_digest,
        state: row.state === 'open' ? 'open' : row.state === 'done' ? 'done' : 'cancelled',
        expiresAt: row.expires_at,
      };
    },
    async openUploads(principal) {
      const row = await queries.one(read.openUploads, { principal });
      return { count: row?.count ?? 0, bytes: row?.bytes ?? 0 };
    },
    async countOpenUploads() {
      return (await queries.one(read.openUploadCount, {}))?.count ?? 0;
    },
  };
}

/** Every name is greater than the empty one, so a first page needs no statement of its own. */
const pageParameters = (page: PageRequest): { last: string; limit: number } => ({
  last: page.last ?? '',
  limit: page.limit,
});

function registryRow(row: {
  id: string;
  name: string;
  settings: string;
  key_number: number;
  created_at: number;
  subscription: string | null;
  resource_group: string | null;
  sku: string;
}): RegistryRow {
  return {
    id: row.id,
    name: row.name,
    createdAt: row.created_at,
    settings: parseRegistrySettings(row.settings),
    keyNumber: row.key_number,
    subscription: row.subscription ?? undefined,
    resourceGroup: row.resource_group ?? undefined,
    sku: parseSku(row.sku),
  };
}

function principalRow(
  row: Pick<PrincipalTable, 'id' | 'registry' | 'kind' | 'name' | 'enabled' | 'scope_map'> | undefined,
): PrincipalRow | undefined {
  if (row === undefined) return undefined;
  const { scope_map: scopeMap, enabled, ...same } = row;
  return { ...same, enabled: enabled === 1, scopeMap };
}
