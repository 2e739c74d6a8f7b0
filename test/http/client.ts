import { createHash } from 'node:crypto';
import { type IncomingHttpHeaders, request } from 'node:http';
import type { Login, StartedRegistry } from './start-registry.ts';

/** An answer, with its body read. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly text: string;
  /** The first error of an error body. */
  readonly error: { readonly code: string; readonly message: string; readonly detail?: unknown } | undefined;
}

export interface Asked {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Whose credentials go along; undefined is the admin of the default registry, null is nobody. */
  readonly as?: Login | null;
  /** `Authorization` as it is. */
  readonly authorization?: string;
}

/** Sends one request with exactly this path: nothing of it is normalised or encoded on the way. */
export function call(
  registry: StartedRegistry,
  method: string,
  path: string,
  asked: Asked = {},
): Promise<Reply> {
  const login = asked.as === undefined ? registry.admin : asked.as;
  const authorization = asked.authorization ?? (login === null ? undefined : basic(login));
  const headers = {
    ...(authorization !== undefined && { authorization }),
    // In chunks when the test says so.
    ...(asked.body !== undefined &&
      asked.headers?.['transfer-encoding'] === undefined && {
        'content-length': String(Buffer.byteLength(asked.body)),
      }),
    ...asked.headers,
  };
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: registry.port, method, path, headers, agent: false });
    sent.on('error', reject);
    sent.on('response', (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        const body = Buffer.concat(pieces);
        const { statusCode = 0, headers: received, rawHeaders } = response;
        resolve({
          status: statusCode,
          headers: received,
          rawHeaders,
          body,
          text: body.toString(),
          error: errorOf(received, body),
        });
      });
    });
    sent.end(asked.body);
  });
}

export const basic = (login: Login): string =>
  `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;

/** An access token with these scopes. */
export async function tokenFor(registry: StartedRegistry, ...scopes: string[]): Promise<string> {
  const query = new URLSearchParams(scopes.map((scope) => ['scope', scope]));
  const reply = await call(registry, 'GET', `/oauth2/token?service=127.0.0.1&${query.toString()}`);
  return `Bearer ${(JSON.parse(reply.text) as { access_token: string }).access_token}`;
}

export function digestOf(bytes: Uint8Array | string, algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

/** Pushes a blob in one request. */
export async function pushBlob(
  registry: StartedRegistry,
  name: string,
  bytes: Uint8Array | string,
): Promise<string> {
  const digest = digestOf(bytes);
  const reply = await call(registry, 'POST', `/v2/${name}/blobs/uploads/?digest=${digest}`, { body: bytes });
  if (reply.status !== 201) throw new Error(`pushing a blob: ${reply.status} ${reply.text}`);
  return digest;
}

export const types = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  empty: 'application/vnd.oci.empty.v1+json',
} as const;

/** The text of an image's manifest; `layers` and `config` are blobs by content. */
export function imageManifest(image: {
  readonly config?: Uint8Array | string;
  readonly layers?: readonly (Uint8Array | string)[];
  readonly more?: Readonly<Record<string, unknown>>;
}): string {
  const config = image.config ?? '{}';
  const describe = (mediaType: string, bytes: Uint8Array | string) => ({
    mediaType,
    digest: digestOf(bytes),
    size: Buffer.byteLength(bytes),
  });
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: types.manifest,
    config: describe(types.config, config),
    layers: (image.layers ?? []).map((layer) => describe(types.layer, layer)),
    ...image.more,
  });
}

/** Pushes an image with its parts; returns the digest of its manifest. */
export async function pushImage(
  registry: StartedRegistry,
  reference: { readonly name: string; readonly tag: string },
  image: Parameters<typeof imageManifest>[0] = {},
): Promise<{ readonly digest: string; readonly manifest: string }> {
  for (const part of [image.config ?? '{}', ...(image.layers ?? [])])
    await pushBlob(registry, reference.name, part);
  const manifest = imageManifest(image);
  const reply = await putManifest(registry, `/v2/${reference.name}/manifests/${reference.tag}`, manifest);
  if (reply.status !== 201) throw new Error(`pushing a manifest: ${reply.status} ${reply.text}`);
  return { digest: digestOf(manifest), manifest };
}

export function putManifest(
  registry: StartedRegistry,
  path: string,
  manifest: Uint8Array | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  return call(registry, 'PUT', path, {
    body: manifest,
    headers: { 'content-type': types.manifest, ...headers },
  });
}

/** Starts an upload and returns where it goes on. */
export async function startUpload(registry: StartedRegistry, name: string, query = ''): Promise<string> {
  const reply = await call(registry, 'POST', `/v2/${name}/blobs/uploads/${query}`);
  const { location } = reply.headers;
  if (reply.status !== 202 || location === undefined) {
    throw new Error(`starting an upload: ${reply.status} ${reply.text}`);
  }
  return location;
}

function errorOf(headers: IncomingHttpHeaders, body: Buffer): Reply['error'] {
  if (headers['content-type'] !== 'application/json; charset=utf-8' || body.length === 0) return undefined;
  return (JSON.parse(body.toString()) as { errors?: NonNullable<Reply['error']>[] }).errors?.[0];
}
