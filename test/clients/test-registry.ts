import { createHash } from 'node:crypto';

/** Where the server under test listens and who may push to it. */
export const registry = {
  host: setting('CERULEAN_TEST_HOST'),
  user: setting('CERULEAN_TEST_USER'),
  password: setting('CERULEAN_TEST_PASSWORD'),
  credentials: `${setting('CERULEAN_TEST_USER')}:${setting('CERULEAN_TEST_PASSWORD')}`,
} as const;

export interface StoredManifest {
  readonly bytes: Buffer;
  readonly mediaType: string;
  /** As the registry says in Docker-Content-Digest. */
  readonly digest: string;
}

const manifestTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

/** Sends a request with the registry's own user to a path below /v2/. */
export function request(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('authorization', `Basic ${Buffer.from(registry.credentials).toString('base64')}`);
  return fetch(`http://${registry.host}/v2/${path}`, { ...init, headers });
}

/** Reads a manifest as it is stored, or undefined when the registry answers 404. */
export async function findManifest(
  repository: string,
  reference: string,
): Promise<StoredManifest | undefined> {
  const headers = { accept: manifestTypes.join(', ') };
  const response = await request(`${repository}/manifests/${reference}`, { headers });
  const bytes = Buffer.from(await response.arrayBuffer());
  if (response.status === 404) return undefined;
  if (response.status !== 200)
    throw new Error(`GET of ${repository}:${reference}: ${response.status} ${bytes.toString()}`);
  return {
    bytes,
    mediaType: response.headers.get('content-type') ?? '',
    digest: response.headers.get('docker-content-digest') ?? '',
  };
}

/** Reads a manifest as it is stored; throws when there is none. */
export async function getManifest(repository: string, reference: string): Promise<StoredManifest> {
  const manifest = await findManifest(repository, reference);
  if (manifest === undefined) throw new Error(`The registry has no ${repository}:${reference}.`);
  return manifest;
}

/** Reads a blob's bytes; throws when the repository has no such blob. */
export async function getBlob(repository: string, digest: string): Promise<Buffer> {
  const response = await request(`${repository}/blobs/${digest}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  if (response.status !== 200) throw new Error(`GET of ${repository} ${digest}: ${response.status}`);
  return bytes;
}

export async function blobExists(repository: string, digest: string): Promise<boolean> {
  return (await request(`${repository}/blobs/${digest}`, { method: 'HEAD' })).status === 200;
}

export async function listTags(repository: string): Promise<string[]> {
  const response = await request(`${repository}/tags/list`);
  const body: unknown = await response.json();
  const tags = typeof body === 'object' && body !== null && 'tags' in body ? body.tags : undefined;
  return Array.isArray(tags) ? tags.map(String) : [];
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined)
    throw new Error(`${name} is not set: these tests are started by test/clients/run.ts.`);
  return value;
}
