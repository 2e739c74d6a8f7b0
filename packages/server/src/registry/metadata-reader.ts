/**
 * What the serving threads read. Every answer is a committed and durable state; a reader never sees half a command.
 * A name that is not there is `undefined`; refusing is the caller's business.
 */

import type { AccessReader } from './access-reader.ts';
import type { SegmentFacts } from './commands.ts';
import type { AttributeReader } from './content-attributes.ts';
import type { ContentFlags } from './content-flags.ts';
import type { RegistrySettings, RepositorySettings } from './settings.ts';
import type { RegistrySku } from './tiers.ts';

export interface RegistryRow {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly settings: RegistrySettings;
  /** Number of the registry's key that seals new content. */
  readonly keyNumber: number;
  /** Where it stands in Azure's hierarchy; undefined before the directory was made. */
  readonly subscription?: string | undefined;
  readonly resourceGroup?: string | undefined;
  readonly sku: RegistrySku;
}

export interface RepositoryRow {
  readonly id: string;
  readonly registry: string;
  readonly name: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly manifestCount: number;
  readonly tagCount: number;
  /** Of the blobs that it links, shared with others or not, and of its manifests. */
  readonly contentBytes: number;
  readonly flags: ContentFlags;
  readonly settings: RepositorySettings;
}

/** Where a tag points. */
export interface TagRow {
  readonly digest: string;
  readonly readEnabled: boolean;
}

export interface ManifestRow {
  readonly digest: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly readEnabled: boolean;
}

/** A manifest with its sealed bytes. */
interface SealedManifest extends Omit<ManifestRow, 'readEnabled'> {
  readonly box: Uint8Array;
}

export interface BlobRow {
  readonly id: string;
  readonly digest: string;
  readonly sizeBytes: number;
}

export interface UploadRow {
  readonly blob: string;
  readonly registry: string;
  readonly repositoryName: string;
  readonly principal: string;
  readonly algorithm: string;
  readonly offsetBytes: number;
  readonly prefixDigest: string | null;
  readonly state: 'open' | 'done' | 'cancelled';
  readonly expiresAt: number;
}

export interface ReferrerRow extends SealedManifest {
  readonly artifactType: string | null;
  readonly hasAnnotations: boolean;
}

export interface CredentialRow {
  readonly id: string;
  readonly name: 'password' | 'password2';
  readonly sealedBox: Uint8Array;
  readonly verifierKind: 'hmac' | 'scrypt';
  readonly verifierVersion: number;
  readonly verifier: Uint8Array;
}

export interface PrincipalRow {
  readonly id: string;
  readonly registry: string;
  readonly kind: string;
  readonly name: string;
  readonly enabled: boolean;
  /** Of a token: the name of its scope map. */
  readonly scopeMap: string | null;
}

export interface SystemKeyRow {
  readonly purpose: number;
  readonly version: number;
  readonly box: Uint8Array;
  readonly createdAt: number;
  readonly retiredAt: number | null;
}

/** One page of names after `last` (exclusive), in byte order. */
export interface PageRequest {
  readonly last: string | undefined;
  readonly limit: number;
}

/** What is remembered is there at once; whoever awaits it need not know. */
export type Found<Value> = Value | Promise<Value>;

/** Goes on with what was found: at once where it is there, since each turn of promises is felt in a small answer. */
export function whenFound<Value, Next>(
  found: Found<Value>,
  next: (value: Value) => Found<Next>,
): Found<Next> {
  return found instanceof Promise ? found.then(next) : next(found);
}

export interface MetadataReader extends AttributeReader, AccessReader {
  deployment(): Promise<
    { rootKeyNumber: number; rootKeyFingerprint: string; incarnation: string; origin: string } | undefined
  >;
  findRegistry(name: string): Promise<RegistryRow | undefined>;
  listRegistries(): Promise<RegistryRow[]>;
  registryKeyBox(registry: string, keyNumber: number): Promise<Uint8Array | undefined>;
  listSystemKeys(purpose: number): Promise<SystemKeyRow[]>;
  findPrincipal(registry: string, kind: string, name: string): Promise<PrincipalRow | undefined>;
  principalById(id: string): Promise<PrincipalRow | undefined>;
  listCredentials(principal: string): Promise<CredentialRow[]>;
  findRepository(registry: string, name: string): Found<RepositoryRow | undefined>;
  /** Repositories that hold a manifest and are listed, in byte order of their names. */
  listRepositories(registry: string, page: PageRequest): Promise<string[]>;
  countRepositories(registry: string): Promise<number>;
  /** Tags that are listed. */
  listTags(repository: string, page: PageRequest): Promise<string[]>;
  findTag(repository: string, tag: string): Found<TagRow | undefined>;
  findManifest(repository: string, digest: string): Found<ManifestRow | undefined>;
  manifestBox(registry: string, digest: string): Promise<Uint8Array | undefined>;
  findBlob(repository: string, digest: string): Found<BlobRow | undefined>;
  /** Some readable repositories that link this digest, in no order (a base layer may be in all of them): for a mount without `from`. */
  listRepositoriesLinking(registry: string, digest: string, limit: number): Promise<string[]>;
  segments(blob: string): Found<SegmentFacts[]>;
  /** Listed manifests with this subject, of this type if one is given, after the digest `last`, in byte order of digests. */
  listReferrers(
    repository: string,
    wanted: { readonly subject: string; readonly artifactType: string | undefined },
    page: PageRequest,
  ): Promise<ReferrerRow[]>;
  findUpload(blob: string): Promise<UploadRow | undefined>;
  /** How many uploads of this principal are unfinished, and how many bytes they hold. */
  openUploads(principal: string): Promise<{ count: number; bytes: number }>;
  /** Unfinished uploads of everybody: for people who ask for a status. */
  countOpenUploads(): Promise<number>;
}
