/**
 * Counts pulls in memory and records them in batches, so that a pull writes nothing.
 *
 * A pull of a manifest counts at the manifest, and at the tag when it was named by one. Resolving a tag (HEAD) counts at
 * the tag alone: containerd, docker and oras resolve a tag and then get the manifest by its digest, while podman and
 * crane get it by its tag at once; so a tag is counted once for a pull of either kind.
 *
 * Figures may be lost, never invented: what a crash takes away is what was counted since the last batch, and a batch
 * whose outcome is unknown is not sent again.
 */
import { isRefusal } from '../errors.ts';
import { limits } from '../limits.ts';
import type { CommandBus, CommandContext, PullsByTag, PullsOfManifest } from './commands.ts';

export interface Pull {
  /** The registry's id. */
  readonly registry: string;
  readonly repositoryName: string;
  readonly digest: string;
  /** The tag by which it was named. */
  readonly tag: string | undefined;
  /** False when only its headers were asked for. */
  readonly content: boolean;
}

interface Counted {
  readonly registry: string;
  readonly repositoryName: string;
  readonly reference: string;
  count: number;
  at: number;
}

export class PullCounter implements AsyncDisposable {
  readonly #bus: CommandBus;
  readonly #context: () => CommandContext;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  #flushing: Promise<void> | undefined;
  #manifests = new Map<string, Counted>();
  #tags = new Map<string, Counted>();

  constructor(parts: {
    readonly bus: CommandBus;
    readonly context: () => CommandContext;
    /** Milliseconds since the epoch. */
    readonly now: () => number;
  }) {
    this.#bus = parts.bus;
    this.#context = parts.context;
    this.#now = parts.now;
    this.#timer = setInterval(() => void this.flush(), limits.pullCountFlushMs);
    this.#timer.unref();
  }

  count({ registry, repositoryName, digest, tag, content }: Pull): void {
    const place = { registry, repositoryName };
    if (content) this.#add(this.#manifests, { ...place, reference: digest });
    if (tag !== undefined) this.#add(this.#tags, { ...place, reference: tag });
    const isFull = this.#manifests.size + this.#tags.size >= limits.pullsCountedMax;
    if (isFull && this.#flushing === undefined) void this.flush();
  }

  /** Records what was counted, after what is being recorded. Never rejects: a figure is not worth a failure. */
  flush(): Promise<void> {
    const flushing = (this.#flushing ?? Promise.resolve())
      .then(() => this.#recordAll())
      .finally(() => {
        if (this.#flushing === flushing) this.#flushing = undefined;
      });
    this.#flushing = flushing;
    return flushing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  async #recordAll(): Promise<void> {
    const manifests = [...this.#manifests.values()];
    const tags = [...this.#tags.values()];
    this.#manifests = new Map();
    this.#tags = new Map();
    const registries = new Set([...manifests, ...tags].map((counted) => counted.registry));
    for (const registry of registries) {
      const own = (counted: Counted): boolean => counted.registry === registry;
      await this.#record(registry, manifests.filter(own), tags.filter(own));
    }
  }

  #add(counts: Map<string, Counted>, pulled: Omit<Counted, 'count' | 'at'>): void {
    // No name of a repository and no reference has a space in it.
    const key = `${pulled.registry} ${pulled.repositoryName} ${pulled.reference}`;
    const counted = counts.get(key);
    if (counted === undefined) counts.set(key, { ...pulled, count: 1, at: this.#now() });
    else {
      counted.count += 1;
      counted.at = this.#now();
    }
  }

  async #record(registry: string, manifests: readonly Counted[], tags: readonly Counted[]): Promise<void> {
    const size = limits.pullBatchMax;
    for (let from = 0; from < Math.max(manifests.length, tags.length); from += size) {
      const batch = {
        registry,
        manifests: manifests.slice(from, from + size).map(ofManifest),
        tags: tags.slice(from, from + size).map(byTag),
      };
      try {
        await this.#bus.execute('recordPulls', batch, { lane: registry, context: this.#context() });
      } catch (error) {
        if (!isRefusal(error, 'overloaded')) continue;
        this.#keep(this.#manifests, manifests.slice(from, from + size));
        this.#keep(this.#tags, tags.slice(from, from + size));
      }
    }
  }

  /** The writer took nothing of it: it goes with the next batch. Half of the room is left for new ones. */
  #keep(counts: Map<string, Counted>, batch: readonly Counted[]): void {
    for (const { count, at, ...pulled } of batch) {
      const key = `${pulled.registry} ${pulled.repositoryName} ${pulled.reference}`;
      const counted = counts.get(key);
      if (counted !== undefined) counted.count += count;
      else if (counts.size < limits.pullsCountedMax / 4) counts.set(key, { ...pulled, count, at });
    }
  }
}

const ofManifest = ({ repositoryName, reference, count, at }: Counted): PullsOfManifest => ({
  repositoryName,
  digest: reference,
  count,
  at,
});

const byTag = ({ repositoryName, reference, count, at }: Counted): PullsByTag => ({
  repositoryName,
  tag: reference,
  count,
  at,
});
