/**
 * Sends what the Bicep CLI sends when it publishes and restores a module: the requests of Bicep 0.46 with
 * Azure.Containers.ContainerRegistry 1.3.0, whose program can't be installed from a package registry.
 *
 * - Every request starts without Authorization; its 401 names service and scope, and a token is fetched for
 *   these. Access tokens are not kept.
 * - Restore asks for an anonymous token first: grant_type=password with an empty refresh_token.
 * - Names and digests stand in paths as one encoded segment each (`bicep%2Fmodules%2Fnet`, `sha256%3A…`).
 */
import { type Blob, blob, descriptor } from './sample-image.ts';
import { sha256 } from './test-registry.ts';

export interface BicepModule {
  /** The ARM template that the module compiles to. */
  readonly template: Buffer;
  /** The sources, as a gzipped tar, when they are published too. */
  readonly sources?: Buffer;
}

export interface BicepRegistry {
  readonly host: string;
  readonly user: string;
  readonly password: string;
}

export interface BicepTarget {
  readonly repository: string;
  /** A tag, or a digest when restoring. */
  readonly reference: string;
}

/** One request as it went out and what came back, for a test to look at. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

export interface BicepClient {
  /** Returns the digest of the manifest. Throws when the tag is taken, unless `force` is given. */
  publish(target: BicepTarget, module: BicepModule, options?: { force: boolean }): Promise<string>;
  restore(target: BicepTarget): Promise<BicepModule>;
  readonly exchanges: readonly Exchange[];
}

/** The manifest of a module, as far as Bicep reads it. */
interface ModuleManifest {
  readonly artifactType?: string;
  readonly config: { readonly mediaType: string; readonly digest: string; readonly size: number };
  readonly layers: readonly { readonly mediaType: string; readonly digest: string; readonly size: number }[];
}

const artifactType = 'application/vnd.ms.bicep.module.artifact';
const configType = 'application/vnd.ms.bicep.module.config.v1+json';
const templateType = 'application/vnd.ms.bicep.module.layer.v1+json';
const sourcesType = 'application/vnd.ms.bicep.module.source.v1.tar+gzip';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const manifestAccept = [
  '*/*',
  manifestType,
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.cncf.oras.artifact.manifest.v1+json',
].join(', ');
/** From this size on the SDK sends a blob in pieces, each with Content-Range. */
const chunkBytes = 4 * 1024 * 1024;

export function bicepClient(registry: BicepRegistry): BicepClient {
  const exchanges: Exchange[] = [];
  const send = sender(registry, exchanges);
  return {
    exchanges,
    publish: (target, module, options) => publish(send, target, module, options?.force ?? false),
    restore: (target) => restore(send, target),
  };
}

interface Message {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Whether the anonymous token is tried before the user's own. */
  readonly anonymousFirst?: boolean;
}

type Send = (message: Message) => Promise<Response>;

function sender(registry: BicepRegistry, exchanges: Exchange[]): Send {
  const base = `http://${registry.host}`;
  const once = async (message: Message, authorization?: string): Promise<Response> => {
    const headers = new Headers(message.headers);
    if (authorization !== undefined) headers.set('authorization', authorization);
    const init: RequestInit = { method: message.method, headers, redirect: 'follow' };
    if (message.body !== undefined) init.body = Uint8Array.from(message.body);
    const response = await fetch(new URL(message.path, base), init);
    exchanges.push({ method: message.method, path: message.path, status: response.status });
    return response;
  };
  return async (message) => {
    const first = await once(message);
    if (first.status !== 401) return first;
    await first.arrayBuffer();
    const challenge = parseChallenge(first.headers.get('www-authenticate') ?? '');
    const own = { username: registry.user, password: registry.password };
    const grants = message.anonymousFirst === true ? [{ refresh_token: '' }, own] : [own];
    for (const grant of grants) {
      const token = await fetchToken(challenge, grant);
      if (token === undefined) continue;
      const answer = await once(message, `Bearer ${token}`);
      if (answer.status !== 401 && answer.status !== 403) return answer;
      await answer.arrayBuffer();
    }
    throw new Error(`${message.method} ${message.path} is not allowed with any token.`);
  };
}

interface Challenge {
  readonly realm: string;
  readonly service: string;
  readonly scope: string;
}

/** As the SDKs do it: split at commas without a blank behind them, and insist on service and scope. */
function parseChallenge(header: string): Challenge {
  const [scheme, parameters = ''] = header.split(' ', 2);
  const values = new Map([...parameters.matchAll(/(\w+?)="(.*?)"/g)].map(([, name, value]) => [name, value]));
  const [realm, service, scope] = ['realm', 'service', 'scope'].map((name) => values.get(name));
  if (scheme !== 'Bearer' || realm === undefined || service === undefined || scope === undefined) {
    throw new Error(`The challenge lacks realm, service or scope: ${header}`);
  }
  return { realm, service, scope };
}

async function fetchToken(challenge: Challenge, grant: Record<string, string>): Promise<string | undefined> {
  const { realm, service, scope } = challenge;
  const form = new URLSearchParams({ grant_type: 'password', service, scope, ...grant });
  const response = await fetch(realm, { method: 'POST', body: form });
  const body: unknown = await response.json();
  if (response.status !== 200 || typeof body !== 'object' || body === null) return undefined;
  return 'access_token' in body ? String(body.access_token) : undefined;
}

async function publish(
  send: Send,
  target: BicepTarget,
  module: BicepModule,
  force: boolean,
): Promise<string> {
  if (!force && (await getManifest(send, target)).status !== 404) {
    throw new Error(`The module ${target.repository}:${target.reference} exists already.`);
  }
  const config = blob(Buffer.from('{}'), configType);
  const template = blob(module.template, templateType);
  const sources = module.sources === undefined ? [] : [blob(module.sources, sourcesType)];
  for (const part of [config, template, ...sources]) await uploadBlob(send, target.repository, part);
  const title = { 'org.opencontainers.image.title': 'Compiled ARM template' };
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      artifactType,
      config: { ...descriptor(config), annotations: {} },
      layers: [{ ...descriptor(template), annotations: title }, ...sources.map(descriptor)],
      annotations: { 'org.opencontainers.image.created': '2026-11-24T08:00:00.0000000+00:00' },
    }),
  );
  const headers = { 'content-type': manifestType };
  const response = await send({ method: 'PUT', path: manifestPath(target), headers, body: manifest });
  await expectAnswer(response, 201, sha256(manifest));
  return sha256(manifest);
}

async function uploadBlob(send: Send, repository: string, { digest, bytes }: Blob): Promise<void> {
  const path = `/v2/${encodeURIComponent(repository)}/blobs/uploads/`;
  let answer = await expectAnswer(await send({ method: 'POST', path }), 202);
  const pieces = bytes.length < chunkBytes ? 1 : Math.ceil(bytes.length / chunkBytes);
  for (let piece = 0; piece < pieces; piece += 1) {
    const start = piece * chunkBytes;
    const body = pieces === 1 ? bytes : bytes.subarray(start, start + chunkBytes);
    const range = { 'content-range': `${start}-${start + body.length - 1}` };
    const headers = { 'content-type': 'application/octet-stream', ...(pieces > 1 ? range : {}) };
    answer = await expectAnswer(
      await send({ method: 'PATCH', path: locationOf(answer), headers, body }),
      202,
    );
  }
  const location = locationOf(answer);
  const finish = `${location}${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`;
  await expectAnswer(await send({ method: 'PUT', path: finish, body: Buffer.alloc(0) }), 201, digest);
}

/** The SDK takes a Location only as a path: it puts its own endpoint in front. */
function locationOf(response: Response): string {
  const location = response.headers.get('location') ?? '';
  if (!location.startsWith('/')) throw new Error(`Location is not a path: ${location}`);
  return location;
}

async function restore(send: Send, target: BicepTarget): Promise<BicepModule> {
  const response = await getManifest(send, target);
  if (response.status !== 200) throw new Error(`The module is not there: ${response.status}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  if (response.headers.get('docker-content-digest') !== sha256(bytes))
    throw new Error('Wrong manifest digest.');
  const manifest = JSON.parse(bytes.toString()) as ModuleManifest;
  if (manifest.artifactType !== artifactType) throw new Error(`No module: ${manifest.artifactType}`);
  // Layers are asked for side by side, five at most; a config of two bytes is not asked for.
  const blobs = await Promise.all(
    manifest.layers.slice(0, 5).map(async ({ mediaType, digest }) => {
      return { mediaType, bytes: await downloadBlob(send, target.repository, digest) };
    }),
  );
  const template = blobs.find((part) => part.mediaType === templateType)?.bytes;
  const sources = blobs.find((part) => part.mediaType === sourcesType)?.bytes;
  if (template === undefined) throw new Error('The module has no template.');
  return sources === undefined ? { template } : { template, sources };
}

function getManifest(send: Send, target: BicepTarget): Promise<Response> {
  const headers = { accept: manifestAccept };
  return send({ method: 'GET', path: manifestPath(target), headers, anonymousFirst: true });
}

async function downloadBlob(send: Send, repository: string, digest: string): Promise<Buffer> {
  const path = `/v2/${encodeURIComponent(repository)}/blobs/${encodeURIComponent(digest)}`;
  const response = await send({ method: 'GET', path, anonymousFirst: true });
  if (response.status !== 200) throw new Error(`GET ${path}: ${response.status}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  if (sha256(bytes) !== digest) throw new Error(`GET ${path}: the bytes have another digest.`);
  return bytes;
}

function manifestPath({ repository, reference }: BicepTarget): string {
  return `/v2/${encodeURIComponent(repository)}/manifests/${encodeURIComponent(reference)}`;
}

async function expectAnswer(response: Response, status: number, digest?: string): Promise<Response> {
  const body = await response.text();
  if (response.status !== status) throw new Error(`${response.url}: ${response.status} ${body}`);
  const answered = response.headers.get('docker-content-digest');
  if (digest !== undefined && answered !== digest) throw new Error(`${response.url}: digest ${answered}`);
  return response;
}
