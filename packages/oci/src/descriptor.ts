import { type Digest, explainDigest, parseDigest } from './digest.ts';
import { isJsonObject, type JsonObject } from './json-object.ts';
import { invalidMember } from './manifest-error.ts';
import {
  foldedNames,
  refuseLookAlikes,
  stringListMember,
  stringMapMember,
  textMember,
} from './manifest-member.ts';
import type { Platform } from './platform.ts';

/** A reference to content (OCI image-spec, descriptor.md). Embedded `data` is left where it is. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly platform: Platform | undefined;
  /** Where others say the content lies. Kept as text; the server never fetches it (CVE-2020-15157). */
  readonly urls: readonly string[] | undefined;
}

const descriptorNames = foldedNames([
  'mediaType',
  'digest',
  'size',
  'artifactType',
  'annotations',
  'platform',
  'urls',
  'data',
]);

/** Reads the descriptor at `path` (`layers[3]`) of a manifest. Throws ManifestError, naming the member at fault. */
export function parseDescriptor(value: unknown, path: string): Descriptor {
  if (!isJsonObject(value)) throw invalidMember(path, 'must be a descriptor, an object');
  refuseLookAlikes(value, descriptorNames, `${path}.`);
  const mediaType = textMember(value, 'mediaType', `${path}.mediaType`);
  if (mediaType === undefined || mediaType === '') throw invalidMember(`${path}.mediaType`, 'is missing');
  return {
    mediaType,
    digest: digestMember(value, `${path}.digest`),
    sizeBytes: sizeMember(value, `${path}.size`),
    artifactType: textMember(value, 'artifactType', `${path}.artifactType`) || undefined,
    annotations: stringMapMember(value, 'annotations', `${path}.annotations`),
    platform: platformMember(value, `${path}.platform`),
    urls: stringListMember(value, 'urls', `${path}.urls`),
  };
}

function digestMember(descriptor: JsonObject, path: string): Digest {
  const text = descriptor['digest'];
  if (typeof text !== 'string')
    throw invalidMember(path, text === undefined ? 'is missing' : 'must be a string');
  const digest = parseDigest(text);
  if (digest === undefined)
    throw invalidMember(path, `is no digest that can be kept here. ${explainDigest(text).slice(0, -1)}`);
  return digest;
}

function sizeMember(descriptor: JsonObject, path: string): number {
  const size = descriptor['size'];
  if (typeof size !== 'number')
    throw invalidMember(path, size === undefined ? 'is missing' : 'must be a number');
  if (!Number.isSafeInteger(size) || size < 0) {
    throw invalidMember(path, 'must be a whole number of bytes from 0 to 9007199254740991');
  }
  return size + 0; // "-0" is valid JSON, and the sum makes it the zero that everyone expects.
}

/** Clients write platforms with empty strings, or `{}`, when they know none; those count as absent. */
function platformMember(descriptor: JsonObject, path: string): Platform | undefined {
  const value = descriptor['platform'] ?? undefined;
  if (value === undefined) return undefined;
  if (!isJsonObject(value)) throw invalidMember(path, 'must be an object');
  const architecture = textMember(value, 'architecture', `${path}.architecture`);
  const os = textMember(value, 'os', `${path}.os`);
  const variant = textMember(value, 'variant', `${path}.variant`);
  const osVersion = textMember(value, 'os.version', `${path}["os.version"]`);
  if (!architecture || !os) return undefined;
  return { architecture, os, ...(variant && { variant }), ...(osVersion && { osVersion }) };
}
