import { type Descriptor, parseDescriptor } from './descriptor.ts';
import type { JsonObject } from './json-object.ts';
import { type DocumentLimits, parseManifestDocument } from './manifest-document.ts';
import { invalidMember, ManifestError } from './manifest-error.ts';
import { type ManifestMediaType, resolveMediaType } from './manifest-media-type.ts';
import { foldedNames, refuseLookAlikes, stringMapMember, textMember } from './manifest-member.ts';
import { type ManifestReference, referencesOf } from './manifest-reference.ts';

export type { Descriptor } from './descriptor.ts';
export { ManifestError, type ManifestErrorCode } from './manifest-error.ts';
export type { ManifestReference } from './manifest-reference.ts';

/** Bounds of what is read; each breach has its own code of ManifestError. */
export interface ManifestLimits extends DocumentLimits {
  /** Descriptors of config and layers together, or of children, or of an artifact's blobs; not the subject. */
  readonly descriptorsMax: number;
}

/** What the registry needs to know of a manifest; the bytes themselves are kept apart, as they came. */
export interface ParsedManifest {
  readonly kind: 'image' | 'index' | 'artifact';
  /** Lower case, without parameters: what a GET answers as its Content-Type. */
  readonly mediaType: string;
  /** The member of that name; an empty one counts as absent. */
  readonly artifactType: string | undefined;
  /** What the referrers list shows: artifactType, or for an image without one the config's media type. */
  readonly referrerArtifactType: string | undefined;
  /** A weak link: the subject need not exist, so it is not among the references. */
  readonly subject: Descriptor | undefined;
  readonly config: Descriptor | undefined;
  /** An image's layers, or an artifact manifest's blobs. */
  readonly layers: readonly Descriptor[];
  /** An index's children. */
  readonly manifests: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>> | undefined;
  /** Sum of the sizes that the descriptors claim (config and layers, blobs, or children), repeated ones too. */
  readonly imageSizeBytes: number;
  readonly references: readonly ManifestReference[];
}

type Kind = ParsedManifest['kind'];

/** The members that make a manifest what it is, and in which kinds each may stand. */
const structuralMembers: readonly { readonly name: string; readonly kinds: readonly Kind[] }[] = [
  { name: 'config', kinds: ['image'] },
  { name: 'layers', kinds: ['image'] },
  { name: 'manifests', kinds: ['index'] },
  { name: 'blobs', kinds: ['artifact'] },
  { name: 'fsLayers', kinds: [] },
];
const manifestNames = foldedNames([
  'schemaVersion',
  'mediaType',
  'artifactType',
  'subject',
  'annotations',
  ...structuralMembers.map((member) => member.name),
]);

/**
 * Reads a manifest as strictly as a registry should, that nobody downstream sees another document in the same
 * bytes (OCI image-spec manifest.md and image-index.md, Docker schema 2, OCI and ORAS artifact manifests).
 * Unknown members and unknown media types of content are let through. Linear in the bytes. Throws ManifestError
 * and nothing else.
 */
export function parseManifest(
  bytes: Uint8Array,
  contentType: string | undefined,
  limits: ManifestLimits,
): ParsedManifest {
  const document = parseManifestDocument(bytes, limits);
  refuseLookAlikes(document, manifestNames, '');
  const type = resolveMediaType(document, contentType);
  refuseForeignMembers(document, type);
  const content = parseContent(document, type.kind, limits.descriptorsMax);
  const artifactType = textMember(document, 'artifactType', 'artifactType') || undefined;
  const subject = document['subject'] ?? undefined;
  return {
    kind: type.kind,
    mediaType: type.mediaType,
    artifactType,
    referrerArtifactType: artifactType ?? content.config?.mediaType,
    subject: subject === undefined ? undefined : parseDescriptor(subject, 'subject'),
    ...content,
    annotations: stringMapMember(document, 'annotations', 'annotations'),
    imageSizeBytes: sumSizes(content),
    references: referencesOf(content),
  };
}

type Content = Pick<ParsedManifest, 'config' | 'layers' | 'manifests'>;

function refuseForeignMembers(document: JsonObject, type: ManifestMediaType): void {
  for (const { name, kinds } of structuralMembers) {
    if (!Object.hasOwn(document, name) || kinds.includes(type.kind)) continue;
    const problem = `Member ${name} has no place in ${type.mediaType}: the manifest could be taken for another kind.`;
    throw new ManifestError('manifest_ambiguous', problem, name);
  }
  // Artifact manifests have no schemaVersion; all others are of version 2.
  if (type.kind !== 'artifact' && document['schemaVersion'] !== 2)
    throw invalidMember('schemaVersion', 'must be 2');
}

function parseContent(document: JsonObject, kind: Kind, descriptorsMax: number): Content {
  switch (kind) {
    case 'image': {
      const config = document['config'] ?? undefined;
      if (config === undefined) throw invalidMember('config', 'is missing');
      const layers = descriptorList(document, 'layers', descriptorsMax - 1);
      return { config: parseDescriptor(config, 'config'), layers, manifests: [] };
    }
    case 'index':
      return {
        config: undefined,
        layers: [],
        manifests: descriptorList(document, 'manifests', descriptorsMax),
      };
    case 'artifact': {
      const present = Object.hasOwn(document, 'blobs');
      return {
        config: undefined,
        layers: present ? descriptorList(document, 'blobs', descriptorsMax) : [],
        manifests: [],
      };
    }
  }
}

/** A list that must be there; null is what Go writes for an empty one. */
function descriptorList(document: JsonObject, name: string, lengthMax: number): readonly Descriptor[] {
  const list = document[name];
  if (list === undefined) throw invalidMember(name, 'is missing');
  if (list === null) return [];
  if (!Array.isArray(list)) throw invalidMember(name, 'must be a list of descriptors');
  if (list.length > lengthMax) {
    const problem = `Member ${name} has ${list.length} descriptors; at most ${lengthMax} are allowed.`;
    throw new ManifestError('too_many_descriptors', problem, name);
  }
  return list.map((descriptor: unknown, at) => parseDescriptor(descriptor, `${name}[${at}]`));
}

function sumSizes({ config, layers, manifests }: Content): number {
  let sumBytes = config?.sizeBytes ?? 0;
  for (const descriptor of [...layers, ...manifests]) sumBytes += descriptor.sizeBytes;
  if (!Number.isSafeInteger(sumBytes)) {
    throw new ManifestError(
      'manifest_invalid',
      'The sizes of the descriptors add up to more than 2^53 - 1 bytes.',
    );
  }
  return sumBytes;
}
