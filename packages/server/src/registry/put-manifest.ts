import { createHash } from 'node:crypto';
import { type Digest, digestAlgorithm, parseDigest } from '@cerulean/oci/digest.ts';
import {
  ManifestError,
  type ManifestErrorCode,
  type ParsedManifest,
  parseManifest,
} from '@cerulean/oci/manifest.ts';
import { manifestKind } from '@cerulean/oci/media-types.ts';
import { formatPlatform } from '@cerulean/oci/platform.ts';
import type { Reference } from '@cerulean/oci/reference.ts';
import type { Tag } from '@cerulean/oci/tag.ts';
import { RegistryError, type RegistryErrorCode } from '../errors.ts';
import { limits } from '../limits.ts';
import type {
  ManifestReferenceFacts,
  Precondition,
  PutKnownManifest,
  PutManifestResult,
} from './commands.ts';
import { readConfigFacts } from './config-facts.ts';
import { type Actor, commandOptions, type RegistryPorts } from './registry-ports.ts';

type Ports = Pick<
  RegistryPorts,
  'reader' | 'bus' | 'blobReader' | 'manifestSealer' | 'manifestCache' | 'parsedManifests' | 'newId' | 'now'
>;

export interface PutManifestRequest {
  readonly repositoryName: string;
  readonly reference: Reference;
  /** Tags beside the reference's own (`?tag=`); only with a digest. */
  readonly tags: readonly Tag[];
  readonly contentType: string | undefined;
  readonly bytes: Uint8Array;
  readonly precondition: Precondition | null;
  readonly signal: AbortSignal;
}

export interface StoredManifest extends PutManifestResult {
  readonly digest: Digest;
  readonly manifest: ParsedManifest;
}

/**
 * Stores a manifest as it is, and points tags at it (OCI end-7). Everything that it names must be in the repository,
 * unless sparse manifests are let in. What lists and filters read is taken out of it here.
 * @throws manifest_invalid, manifest_schema1, manifest_too_large, digest_mismatch, manifest_parts_unknown,
 * precondition_failed; nothing has changed then.
 */
export async function putManifest(
  ports: Ports,
  actor: Actor,
  request: PutManifestRequest,
): Promise<StoredManifest> {
  const { repositoryName, reference, bytes } = request;
  const digest = verifiedDigest(reference, bytes);
  const { contentType } = request;
  const manifest = ports.parsedManifests.get({ digest, contentType, sizeBytes: bytes.length }, () =>
    parseOrRefuse(bytes, contentType),
  );
  const { registry } = actor;
  const known: PutKnownManifest = {
    registry: registry.id,
    repositoryName,
    digest,
    tags: [...new Set(reference.kind === 'tag' ? [reference.tag] : request.tags)],
    precondition: request.precondition,
    mediaType: manifest.mediaType,
    artifactType: manifest.artifactType ?? null,
    subjectDigest: manifest.subject?.digest ?? null,
    sizeBytes: bytes.length,
  };
  // What was pushed or pulled a moment ago is likely to be there, and then there is nothing to read, seal or check.
  const isLikelyThere = ports.manifestCache.get(registry.id, digest) !== undefined;
  const again = isLikelyThere
    ? await ports.bus.execute('putKnownManifest', known, commandOptions(ports, actor))
    : null;
  const result = again ?? (await putNewManifest(ports, actor, { known, manifest, request }));
  return { ...result, digest, manifest };
}

async function putNewManifest(
  ports: Ports,
  actor: Actor,
  put: {
    readonly known: PutKnownManifest;
    readonly manifest: ParsedManifest;
    readonly request: PutManifestRequest;
  },
): Promise<PutManifestResult> {
  const { known, manifest } = put;
  const { repositoryName, bytes, signal } = put.request;
  const { registry } = actor;
  const { digest } = known;
  const config = await readConfigFacts(ports, { registry, repositoryName, manifest, signal });
  const { labels, ...configFacts } = config;
  const { manifestSealer: sealer } = ports;
  const input = {
    ...known,
    ...manifestFacts(manifest),
    ...configFacts,
    labelsBox: labels === undefined ? null : await sealer.sealLabels(registry, digest, labels),
    box: await sealer.sealManifest(registry, digest, bytes),
    indexDepthMax: limits.indexDepthMax,
  };
  const result = await ports.bus.execute('putManifest', input, commandOptions(ports, actor));
  ports.manifestCache.put(registry.id, digest, bytes);
  return result;
}

/** By tag, the digest is the registry's own choice: sha256. */
function verifiedDigest(reference: Reference, bytes: Uint8Array): Digest {
  const algorithm = reference.kind === 'digest' ? digestAlgorithm(reference.digest) : 'sha256';
  const computed = parseDigest(`${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`);
  if (computed === undefined) throw new TypeError('A digest that was just computed is none.');
  if (reference.kind === 'digest' && reference.digest !== computed) {
    const detail = { digest: reference.digest, computed };
    throw new RegistryError('digest_mismatch', 'provided digest did not match uploaded content', detail);
  }
  return computed;
}

function parseOrRefuse(bytes: Uint8Array, contentType: string | undefined): ParsedManifest {
  try {
    return parseManifest(bytes, contentType, {
      bytesMax: limits.manifestBytesMax,
      depthMax: limits.manifestDepthMax,
      descriptorsMax: limits.manifestDescriptorsMax,
    });
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    const { code, member } = error;
    throw new RegistryError(
      refusals[code],
      error.message,
      member === undefined ? { reason: code } : { reason: code, member },
    );
  }
}

const refusals = {
  manifest_invalid: 'manifest_invalid',
  manifest_ambiguous: 'manifest_invalid',
  schema1_unsupported: 'manifest_schema1',
  media_type_mismatch: 'manifest_invalid',
  media_type_unsupported: 'manifest_invalid',
  manifest_too_large: 'manifest_too_large',
  manifest_too_deep: 'manifest_invalid',
  too_many_descriptors: 'manifest_invalid',
} as const satisfies Record<ManifestErrorCode, RegistryErrorCode>;

function manifestFacts(manifest: ParsedManifest) {
  return {
    referrerArtifactType: manifest.referrerArtifactType ?? null,
    configDigest: manifest.config?.digest ?? null,
    configMediaType: manifest.config?.mediaType ?? null,
    hasAnnotations: Object.keys(manifest.annotations ?? {}).length > 0,
    imageSizeBytes: manifest.imageSizeBytes,
    references: manifest.references.map(referenceFacts),
  };
}

function referenceFacts(reference: ParsedManifest['references'][number]): ManifestReferenceFacts {
  const { digest, kind, mediaType, sizeBytes, required, platform } = reference;
  // An index may list what is no manifest: BuildKit's cache lists layers there, and pushes them as blobs.
  const isBlob = kind === 'child' && manifestKind(mediaType) === undefined;
  return {
    digest,
    kind: isBlob ? 'layer' : kind,
    mediaType,
    sizeBytes,
    required,
    platform: platform === undefined ? null : formatPlatform(platform),
  };
}
