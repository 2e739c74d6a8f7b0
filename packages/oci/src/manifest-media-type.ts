import type { JsonObject } from './json-object.ts';
import { ManifestError } from './manifest-error.ts';
import { textMember } from './manifest-member.ts';
import { parseMediaType } from './media-type.ts';
import { type ManifestKind, manifestKind, mediaTypes } from './media-types.ts';
import { quoteText } from './quote-text.ts';

/** A media type together with the shape that it promises. */
export interface ManifestMediaType {
  readonly mediaType: string;
  readonly kind: Exclude<ManifestKind, 'schema1'>;
}

/**
 * Decides what a manifest is, from its Content-Type and its `mediaType` member, which must not contradict each
 * other (OCI distribution spec, "Pushing Manifests"). Parameters of the Content-Type are ignored. The member
 * may be absent with OCI types, the header may be absent with the member. Throws ManifestError.
 */
export function resolveMediaType(document: JsonObject, contentType: string | undefined): ManifestMediaType {
  const member = textMember(document, 'mediaType', 'mediaType') || undefined;
  const header = contentType?.trim() ? (parseMediaType(contentType) ?? contentType) : undefined;
  if (isSchema1(document, header, member)) throw schema1Unsupported();
  const mediaType = header ?? member;
  if (mediaType === undefined) {
    throw unsupported('The manifest has no mediaType, and the request no Content-Type, to tell what it is.');
  }
  if (header !== undefined && member !== undefined && header !== member) throw mismatch(header, member);
  const kind = manifestKind(mediaType);
  if (kind === undefined || kind === 'schema1')
    throw unsupported(`${quoteText(mediaType)} is no type of manifest.`);
  if (member === undefined && isDocker(mediaType)) {
    throw new ManifestError(
      'manifest_invalid',
      `Member mediaType is missing; it must be ${mediaType}.`,
      'mediaType',
    );
  }
  return { mediaType, kind };
}

function isSchema1(document: JsonObject, header: string | undefined, member: string | undefined): boolean {
  if (document['schemaVersion'] === 1) return true;
  return [header, member].some((type) => type !== undefined && manifestKind(type) === 'schema1');
}

/** Docker's format requires the member; OCI's does not. */
function isDocker(mediaType: string): boolean {
  return mediaType === mediaTypes.dockerManifest || mediaType === mediaTypes.dockerList;
}

function schema1Unsupported(): ManifestError {
  const advice =
    'Push the image as an OCI image or as Docker schema 2, as every client since Docker 1.10 does.';
  return new ManifestError(
    'schema1_unsupported',
    `Docker image manifests of schema 1 are not supported. ${advice}`,
  );
}

function mismatch(header: string, member: string): ManifestError {
  const problem = `The Content-Type says ${quoteText(header)}, and the member mediaType ${quoteText(member)}.`;
  return new ManifestError('media_type_mismatch', problem, 'mediaType');
}

function unsupported(problem: string): ManifestError {
  const advice = 'Send an OCI image manifest or index, or a Docker schema 2 manifest or list.';
  return new ManifestError('media_type_unsupported', `${problem} ${advice}`, 'mediaType');
}
