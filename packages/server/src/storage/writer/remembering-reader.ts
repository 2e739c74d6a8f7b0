/**
 * Remembers what a serving thread read, for as long as the repository's shared counter stands. A look-up in memory
 * costs a fortieth of a statement, and a pull of a hot image needs three statements.
 *
 * A remembered answer belongs to the counter that was taken before its rows were read. Absence is remembered too: a
 * push that makes the thing moves the counter.
 */
import { LRUCache } from 'lru-cache';
import type { SegmentFacts } from '../../registry/commands.ts';
import { type Found, type MetadataReader, whenFound } from '../../registry/metadata-reader.ts';
import type { SharedEpochs } from './shared-epochs.ts';

/** Answers that a thread keeps of each kind. */
const answersMax = 8192;
/** Lists of segments are kept only while they are short: a blob of many segments is not small work anyway. */
const segmentsMax = 16;

interface Remembered {
  readonly counter: number;
  readonly value: unknown;
}

/** What one thread remembers. */
class Memory {
  readonly #epochs: Pick<SharedEpochs, 'repository'>;
  readonly #answers = new LRUCache<string, Remembered>({ max: answersMax });
  /** Repositories are asked for by id afterwards, and counted by name. */
  readonly #names = new LRUCache<string, string>({ max: answersMax });
  readonly #finished = new LRUCache<string, true>({ max: answersMax });
  readonly #segments = new LRUCache<string, SegmentFacts[]>({ max: answersMax });

  constructor(epochs: Pick<SharedEpochs, 'repository'>) {
    this.#epochs = epochs;
  }

  /** What was read of a repository, by the name of its counter. */
  named<Value>(counterName: string, key: string, read: () => Found<Value>): Found<Value> {
    const counter = this.#epochs.repository(counterName);
    if (counter === undefined) return read();
    const known = this.#answers.get(key);
    if (known?.counter === counter) return known.value as Value;
    return this.#keep({ key, counter }, read());
  }

  /** The same for a repository that was found before; others are read each time. */
  identified<Value>(repository: string, key: string, read: () => Found<Value>): Found<Value> {
    const counterName = this.#names.get(repository);
    return counterName === undefined ? read() : this.named(counterName, key, read);
  }

  noteName(repository: string, counterName: string): void {
    this.#names.set(repository, counterName);
  }

  /** The segments of a finished blob never change; those of an upload do, so they are never kept. */
  noteFinished(blob: string): void {
    this.#finished.set(blob, true);
  }

  segments(blob: string, read: () => Found<SegmentFacts[]>): Found<SegmentFacts[]> {
    const known = this.#segments.get(blob);
    if (known !== undefined) return known;
    const isFinished = this.#finished.has(blob);
    return whenFound(read(), (rows) => {
      if (isFinished && rows.length <= segmentsMax) this.#segments.set(blob, rows);
      return rows;
    });
  }

  async #keep<Value>(
    { key, counter }: { readonly key: string; readonly counter: number },
    reading: Found<Value>,
  ): Promise<Value> {
    const value = await reading;
    this.#answers.set(key, { counter, value });
    return value;
  }
}

export function rememberingReader(
  reader: MetadataReader,
  epochs: Pick<SharedEpochs, 'repository'>,
): MetadataReader {
  const memory = new Memory(epochs);
  return {
    ...reader,
    findRepository(registry, name) {
      const counterName = `${registry}/${name}`;
      return memory.named(counterName, `r ${counterName}`, async () => {
        const found = await reader.findRepository(registry, name);
        if (found !== undefined) memory.noteName(found.id, counterName);
        return found;
      });
    },
    findTag: (repository, tag) =>
      memory.identified(repository, `t ${repository} ${tag}`, () => reader.findTag(repository, tag)),
    findManifest: (repository, digest) =>
      memory.identified(repository, `m ${repository} ${digest}`, () =>
        reader.findManifest(repository, digest),
      ),
    findBlob: (repository, digest) =>
      memory.identified(repository, `b ${repository} ${digest}`, async () => {
        const found = await reader.findBlob(repository, digest);
        if (found !== undefined) memory.noteFinished(found.id);
        return found;
      }),
    segments: (blob) => memory.segments(blob, () => reader.segments(blob)),
  };
}
