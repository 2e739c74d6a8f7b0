import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureAutoTls } from '@cerulean/server/tls/ensure-auto-tls.ts';
import { freeLoopbackPort } from '../../tools/free-loopback-port.ts';
import { type BenchServer, type ServerKind, serverKinds, type TlsFiles } from './bench-server.ts';
import { contentCacheBytesOf } from './content-cache-bytes.ts';
import { memoryPeakBytesOf } from './process-figures.ts';
import { startCerulean } from './start-cerulean.ts';
import { startDistribution } from './start-distribution.ts';

/** In bytes. */
export interface MemoryPeak {
  /** VmHWM: all that was resident at once. */
  readonly bytes: number;
  /** What lies in the content cache, which --cache-memory bounds by itself. */
  readonly cacheBytes: number;
}

/** The servers of one round: each is started when it is first wanted and lives until the round is over. */
export class ServerPool implements AsyncDisposable {
  readonly #folder: string;
  readonly #profileFolder: string | undefined;
  readonly #servers = new Map<ServerKind, BenchServer>();
  #tls: TlsFiles | undefined;

  private constructor(folder: string, profileFolder: string | undefined) {
    this.#folder = folder;
    this.#profileFolder = profileFolder;
  }

  /** @param parent a folder on the disk that is to be measured. */
  static async open(parent: string, profileFolder?: string): Promise<ServerPool> {
    await mkdir(parent, { recursive: true });
    return new ServerPool(await mkdtemp(join(parent, 'round-')), profileFolder);
  }

  async get(kind: ServerKind): Promise<BenchServer> {
    const running = this.#servers.get(kind);
    if (running !== undefined) return running;
    const folder = join(this.#folder, kind);
    await mkdir(folder);
    const start = serverKinds[kind].product === 'cerulean' ? startCerulean : startDistribution;
    const server = await start({
      kind,
      folder,
      port: await freeLoopbackPort(),
      tls: kind.endsWith('-tls') ? await this.#tlsFiles() : undefined,
      profileFolder: this.#profileFolder,
    });
    this.#servers.set(kind, server);
    return server;
  }

  /** The most memory that each server has had so far. */
  async memoryPeaks(): Promise<ReadonlyMap<ServerKind, MemoryPeak>> {
    const peaks = new Map<ServerKind, MemoryPeak>();
    for (const [kind, server] of this.#servers) {
      const hasCache = serverKinds[kind].product === 'cerulean';
      const cacheBytes = hasCache ? await contentCacheBytesOf(server) : 0;
      peaks.set(kind, { bytes: memoryPeakBytesOf(server.pid), cacheBytes });
    }
    return peaks;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers.values()) await server[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Both products get the same certificate. */
  async #tlsFiles(): Promise<TlsFiles> {
    if (this.#tls !== undefined) return this.#tls;
    const folder = join(this.#folder, 'tls');
    const made = await ensureAutoTls({ folder, names: ['localhost', '127.0.0.1'], now: new Date() });
    const files = { certFile: join(folder, 'chain.pem'), keyFile: join(folder, 'chain.key') };
    await writeFile(files.certFile, made.certPem);
    await writeFile(files.keyFile, made.keyPem, { mode: 0o600 });
    this.#tls = { ...files, caFile: made.caFile };
    return this.#tls;
  }
}
