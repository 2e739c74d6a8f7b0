import { createHash } from 'node:crypto';
import { type Call, call, type Reply } from './http-call.ts';
import type { ServerProcess } from './server-process.ts';

export const manifestType = 'application/vnd.oci.image.manifest.v1+json';

/** Digest of bytes, as the distribution API writes it. */
export const sha256 = (bytes: Uint8Array | string): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export interface PushedImage {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  readonly manifest: string;
  readonly layer: Uint8Array;
  readonly config: string;
}

type Request = Omit<Call, 'url'>;

/** A client of one registry of a server: its host, and one login. */
export class RegistryClient {
  readonly server: Pick<ServerProcess, 'url'>;
  readonly authorization: string | undefined;
  readonly host: string | undefined;
  readonly ca: string | undefined;

  constructor(
    server: Pick<ServerProcess, 'url'>,
    login: {
      readonly user?: string;
      readonly password?: string;
      readonly bearer?: string;
      readonly host?: string;
      readonly ca?: string;
    },
  ) {
    this.server = server;
    this.host = login.host;
    this.ca = login.ca;
    if (login.bearer !== undefined) this.authorization = `Bearer ${login.bearer}`;
    else if (login.user !== undefined)
      this.authorization = `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
  }

  /** @param path from the root, or what a Location header says. */
  call(path: string, request: Request = {}): Promise<Reply> {
    return call({
      ...this.about(path),
      ...request,
      headers: { ...this.about(path).headers, ...request.headers },
    });
  }

  /** URL and headers of a request to this registry. */
  about(path: string): Pick<Call, 'url' | 'host' | 'ca'> & { headers: Record<string, string> } {
    return {
      url: new URL(path, this.server.url).href,
      headers: this.authorization === undefined ? {} : { authorization: this.authorization },
      ...(this.host === undefined ? {} : { host: this.host }),
      ...(this.ca === undefined ? {} : { ca: this.ca }),
    };
  }

  get(path: string): Promise<Reply> {
    return this.call(path);
  }

  /** Begins an upload and returns its path. */
  async startUpload(repository: string): Promise<string> {
    const reply = await this.call(`/v2/${repository}/blobs/uploads/`, { method: 'POST', body: '' });
    expectStatus(reply, 202);
    return reply.headers.location ?? '';
  }

  patch(upload: string, body: Uint8Array | string): Promise<Reply> {
    const headers = { 'content-type': 'application/octet-stream' };
    return this.call(upload, { method: 'PATCH', body, headers });
  }

  /** Where an upload stands: the number of bytes that are kept. */
  async offsetOf(upload: string): Promise<number> {
    const reply = await this.call(upload);
    expectStatus(reply, 204);
    const last = /^0-(\d+)$/.exec(reply.headers.range ?? '')?.[1];
    return last === undefined || last === '0' ? 0 : Number(last) + 1;
  }

  finish(upload: string, digest: string, body: Uint8Array | string = ''): Promise<Reply> {
    return this.call(withDigest(upload, digest), { method: 'PUT', body });
  }

  /** The answer to a push in one request. */
  putBlob(repository: string, bytes: Uint8Array | string): Promise<Reply> {
    const path = `/v2/${repository}/blobs/uploads/?digest=${sha256(bytes)}`;
    return this.call(path, { method: 'POST', body: bytes });
  }

  /** Pushes a blob and returns its digest. */
  async pushBlob(repository: string, bytes: Uint8Array | string): Promise<string> {
    expectStatus(await this.putBlob(repository, bytes), 201);
    return sha256(bytes);
  }

  async pushImage(
    repository: string,
    tag: string,
    parts: {
      readonly layer: Uint8Array;
      readonly annotations?: Readonly<Record<string, string>>;
      readonly labels?: Readonly<Record<string, string>>;
    },
  ): Promise<PushedImage> {
    const { layer, annotations, labels = {} } = parts;
    const config = JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Labels: labels },
      rootfs: { type: 'layers', diff_ids: [sha256(layer)] },
    });
    await this.pushBlob(repository, layer);
    await this.pushBlob(repository, config);
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: sha256(config),
        size: config.length,
      },
      layers: [
        {
          mediaType: 'application/vnd.oci.image.layer.v1.tar',
          digest: sha256(layer),
          size: layer.length,
        },
      ],
      ...(annotations === undefined ? {} : { annotations }),
    });
    expectStatus(await this.putManifest(repository, tag, manifest), 201);
    return { repository, tag, digest: sha256(manifest), manifest, layer, config };
  }

  putManifest(repository: string, tag: string, manifest: string): Promise<Reply> {
    const headers = { 'content-type': manifestType };
    return this.call(`/v2/${repository}/manifests/${tag}`, { method: 'PUT', body: manifest, headers });
  }

  getBlob(repository: string, digest: string): Promise<Reply> {
    return this.get(`/v2/${repository}/blobs/${digest}`);
  }

  /** What is wrong with an image that should be here as it was pushed; empty when nothing is. */
  async flawsOf(image: PushedImage): Promise<string[]> {
    const { repository, tag } = image;
    const wanted: [string, string, Uint8Array][] = [
      ['manifest', `/v2/${repository}/manifests/${tag}`, Buffer.from(image.manifest)],
      ['layer', `/v2/${repository}/blobs/${sha256(image.layer)}`, image.layer],
      ['config', `/v2/${repository}/blobs/${sha256(image.config)}`, Buffer.from(image.config)],
    ];
    const flaws: string[] = [];
    for (const [name, path, bytes] of wanted) {
      const reply = await this.get(path);
      if (reply.status !== 200) flaws.push(`${name}: ${reply.status}`);
      else if (!reply.body.equals(bytes)) flaws.push(`${name}: other bytes`);
    }
    return flaws;
  }

  /** An access token of the registry, by this client's login. */
  async token(scope: string, service: string): Promise<string> {
    const query = new URLSearchParams({ service, scope }).toString();
    const reply = await this.get(`/oauth2/token?${query}`);
    expectStatus(reply, 200);
    return (JSON.parse(reply.text) as { access_token: string }).access_token;
  }
}

/** The upload's path with the digest that ends it. */
export const withDigest = (upload: string, digest: string): string =>
  `${upload}${upload.includes('?') ? '&' : '?'}digest=${digest}`;

/** Throws with the answer's text: more than a bare number tells why. */
export function expectStatus(reply: Reply, status: number): void {
  if (reply.status !== status) throw new Error(`${reply.status} instead of ${status}: ${reply.text}`);
}

/** The default registry's admin. */
export const adminOf = (server: ServerProcess, password = server.password): RegistryClient =>
  new RegistryClient(server, { user: 'cerulean', password });
