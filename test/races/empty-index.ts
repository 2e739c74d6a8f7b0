import { expectStatus, type RegistryClient, sha256 } from '../process/registry-client.ts';

export const indexType = 'application/vnd.oci.image.index.v1+json';

/** A manifest that needs no other content: an index of nothing, told from others by its annotations. */
export interface EmptyIndex {
  readonly body: string;
  readonly digest: string;
}

export function emptyIndex(
  annotations: Readonly<Record<string, string>>,
  subject?: { readonly digest: string; readonly size: number },
): EmptyIndex {
  const body = JSON.stringify({
    schemaVersion: 2,
    mediaType: indexType,
    manifests: [],
    annotations,
    ...(subject !== undefined && { subject: { mediaType: indexType, ...subject } }),
  });
  return { body, digest: sha256(body) };
}

/** Puts it under a tag or its digest. @throws unless it was made */
export async function putIndex(
  client: RegistryClient,
  repository: string,
  { reference, index }: { readonly reference: string; readonly index: EmptyIndex },
): Promise<void> {
  const path = `/v2/${repository}/manifests/${reference}`;
  const headers = { 'content-type': indexType };
  expectStatus(await client.call(path, { method: 'PUT', body: index.body, headers }), 201);
}
