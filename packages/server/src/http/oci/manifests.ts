import { mediaTypes } from '@cerulean/oci/media-types.ts';
import type { Reference } from '@cerulean/oci/reference.ts';
import { parseTag, type Tag } from '@cerulean/oci/tag.ts';
import { RegistryError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { deleteReference } from '../../registry/delete-content.ts';
import { putManifest, type StoredManifest } from '../../registry/put-manifest.ts';
import type { HeaderValues } from '../common-headers.ts';
import { targetOf } from '../exchange.ts';
import { HttpRefusal } from '../http-refusal.ts';
import { readSmallBody } from '../request-body.ts';
import { type OciHandler, referenceOrRefuse, tagInvalid } from './handling.ts';
import { entityTag, parsePrecondition } from './precondition.ts';

/** `PUT /v2/<name>/manifests/<tag-or-digest>` (OCI end-7a, end-7b). */
export const putManifestByReference: OciHandler = async ({ exchange, actor, ports }) => {
  const { name, reference: text } = targetOf(exchange, 'manifest');
  const { headers } = exchange.request;
  const reference = referenceOrRefuse(text);
  const tags = tagParameters(exchange.url.query, reference);
  const precondition = parsePrecondition(headers);
  const most = { bytesMax: limits.manifestBytesMax, code: 'manifest_too_large', what: 'A manifest' } as const;
  const bytes = await readSmallBody(exchange, most);
  const contentType = headers['content-type'];
  const { signal } = exchange;
  const stored = await putManifest(ports, actor, {
    repositoryName: name,
    reference,
    tags,
    contentType,
    bytes,
    precondition,
    signal,
  });
  return { status: 201, headers: storedHeaders(name, tags, stored) };
};

/** `DELETE /v2/<name>/manifests/<tag-or-digest>` (OCI end-9). */
export const deleteManifestByReference: OciHandler = async ({ exchange, actor, ports }) => {
  const { name, reference: text } = targetOf(exchange, 'manifest');
  const reference = referenceOrRefuse(text);
  const precondition = parsePrecondition(exchange.request.headers);
  await deleteReference(ports, actor, { repositoryName: name, reference, precondition });
  return { status: 202 };
};

/** `?tag=` names tags beside a digest. @throws too_many_tags (414, as the specification has it), tag_invalid */
function tagParameters(query: URLSearchParams, reference: Reference): Tag[] {
  const texts = query.getAll('tag');
  if (texts.length === 0) return [];
  if (reference.kind === 'tag') {
    throw new HttpRefusal(
      'bad_request',
      'The tag parameter goes with a push by digest: put one tag into the path, or all into parameters.',
      {},
    );
  }
  if (texts.length > limits.tagsPerRequestMax) {
    const message = `At most ${limits.tagsPerRequestMax} tags in one request; this one has ${texts.length}.`;
    throw new RegistryError('too_many_tags', message, { count: texts.length, max: limits.tagsPerRequestMax });
  }
  return texts.map((text) => {
    const tag = parseTag(text);
    if (tag === undefined) throw tagInvalid(text);
    return tag;
  });
}

function storedHeaders(
  name: string,
  tags: readonly Tag[],
  { digest, manifest }: StoredManifest,
): HeaderValues {
  const headers: HeaderValues = {
    Location: `/v2/${name}/manifests/${digest}`,
    'Docker-Content-Digest': digest,
    ETag: entityTag(digest),
  };
  if (tags.length > 0) headers['OCI-Tag'] = [...new Set(tags)].join(', ');
  if (manifest.subject !== undefined) headers['OCI-Subject'] = manifest.subject.digest;
  const warnings = warningsAbout(manifest);
  if (warnings.length > 0) headers['Warning'] = warnings.map((text) => `299 - "${text}"`);
  return headers;
}

/** What its pusher may want to know (OCI distribution spec, "Warnings"): no quotes in it, and short. */
function warningsAbout(manifest: StoredManifest['manifest']): string[] {
  const warnings: string[] = [];
  if (
    manifest.mediaType === mediaTypes.ociArtifactManifest ||
    manifest.mediaType === mediaTypes.orasArtifactManifest
  ) {
    warnings.push('This type of manifest was withdrawn: use an OCI image manifest with artifactType.');
  }
  if (manifest.references.some((reference) => !reference.required)) {
    warnings.push(
      'Some layers are not distributable by their media type: pulling this image needs their other source, unless they were pushed.',
    );
  }
  return warnings;
}
