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

interface Figures {
  count: number;
  at: number;
}

/** By registry, repository and reference. Three look-ups cost less than making one key of three names. */
type Counts = Map<string, Map<string, Map<string, Figures>>>;

interface Counted extends Readonly<Figures> {
  readonly repositoryName: string;
  readonly reference: string;
}

export class PullCounter implements AsyncDisposable {
  readonly #bus: CommandBus;
  readonly #context: () => CommandContext;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  #flushing: Promise<void> | undefined;
  #manifests: Counts = new Map();
  #tags: Counts = new Map();
  /** How many figures the two hold. */
  #held = 0;

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
    const at = this.#now();
    if (content) this.#add(this.#manifests, registry, { repositoryName, reference: digest, count: 1, at });
    if (tag !== undefined) this.#add(this.#tags, registry, { repositoryName, reference: tag, count: 1, at });
    if (this.#held >= limits.pullsCountedMax && this.#flushing === undefined) void this.flush();
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
    const manifests = this.#manifests;
    const tags = this.#tags;
    this.#manifests = new Map();
    this.#tags = new Map();
    this.#held = 0;
    for (const registry of new Set([...manifests.keys(), ...tags.keys()]))
      await this.#record(registry, listed(manifests.get(registry)), listed(tags.get(registry)));
  }

  #add(counts: Counts, registry: string, { repositoryName, reference, count, at }: Counted): void {
    const repository = within(within(counts, registry), repositoryName);
    const figures = repository.get(reference);
    if (figures === undefined) {
      repository.set(reference, { count, at });
      this.#held += 1;
    } else {
      figures.count += count;
      figures.at = Math.max(figures.at, at);
    }
  }

  async #record(registry: string, manifests: readonly Counted[], tags: readonly Counted[]): Promise<void> {
    const size = limits.pullBatchMax;
    for (let from = 0; from < Math.max(manifests.length, tags.length); from += size) {
      const ofManifests = manifests.slice(from, from + size);
      const byTags = tags.slice(from, from + size);
      const batch = { registry, manifests: ofManifests.map(ofManifest), tags: byTags.map(byTag) };
      try {
        await this.#bus.execute('recordPulls', batch, { lane: registry, context: this.#context() });
      } catch (error) {
        if (!isRefusal(error, 'overloaded')) continue;
        // The writer took nothing of it: it goes with the next batch. Half of the room is left for new ones.
        if (this.#held >= limits.pullsCountedMax / 2) continue;
        for (const counted of ofManifests) this.#add(this.#manifests, registry, counted);
        for (const counted of byTags) this.#add(this.#tags, registry, counted);
      }
    }
  }
}

function within<Inner>(outer: Map<string, Map<string, Inner>>, name: string): Map<string, Inner> {
  let found = outer.get(name);
  if (found === undefined) {
    found = new Map();
    outer.set(name, found);
  }
  return found;
}

function listed(repositories: Map<string, Map<string, Figures>> | undefined): Counted[] {
  return [...(repositories ?? [])].flatMap(([repositoryName, figures]) =>
    [...figures].map(([reference, { count, at }]) => ({ repositoryName, reference, count, at })),
  );
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
