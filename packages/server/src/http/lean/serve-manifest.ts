import { findManifest, manifestBytes } from '../../registry/pull-manifest.ts';
import type { HeaderValues } from '../common-headers.ts';
import { targetOf } from '../exchange.ts';
import { type Handling, referenceOrRefuse } from '../oci/handling.ts';
import { namespaceHeader } from '../oci/namespace.ts';
import { entityTag, matchesEntityTag } from '../oci/precondition.ts';
import { respond } from '../respond.ts';

/**
 * GET and HEAD of a manifest (OCI end-3). What is sent is what was put, whatever the Accept header says; ranges of it are
 * nobody's need, so a Range is answered with all.
 */
export async function serveManifest({ exchange, admission, ports }: Handling): Promise<void> {
  const { name, reference: text } = targetOf(exchange, 'manifest');
  const { request } = exchange;
  const reference = referenceOrRefuse(text);
  const { registry } = admission;
  const found = findManifest(ports, registry, { repositoryName: name, reference });
  const manifest = found instanceof Promise ? await found : found;
  const { digest } = manifest;
  const tag = reference.kind === 'tag' ? reference.tag : undefined;
  const content = request.method === 'GET';
  ports.pullCounter.count({ registry: registry.id, repositoryName: name, digest, tag, content });
  const headers: HeaderValues = {
    'Docker-Content-Digest': digest,
    ETag: entityTag(digest),
    ...namespaceHeader(exchange),
  };
  if (matchesEntityTag(request.headers['if-none-match'], digest))
    return respond(exchange, { status: 304, headers });
  headers['Content-Type'] = manifest.mediaType;
  headers['Content-Length'] = manifest.sizeBytes;
  if (request.method === 'HEAD') return respond(exchange, { status: 200, headers });
  const bytes = manifestBytes(ports, registry, digest);
  const body = bytes instanceof Promise ? await bytes : bytes;
  if (body.length !== manifest.sizeBytes)
    throw new TypeError(`Manifest ${digest} has another size than its row says.`);
  respond(exchange, { status: 200, headers, body });
}
