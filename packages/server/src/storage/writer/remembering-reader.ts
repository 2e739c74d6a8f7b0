/**
 * Remembers what a serving thread read, for as long as the repository's shared counter stands. A look-up in memory
 * costs a fortieth of a statement, and a pull of a hot image needs three statements.
 *
 * A remembered answer belongs to the counter that was taken before its rows were read. Absence is remembered too: a
 * push that makes the thing moves the counter.
 */
import { LRUCache } from 'lru-cache';
import type { SegmentFacts } from '../../registry/commands.ts';
import type { MetadataReader } from '../../registry/metadata-reader.ts';
import type { SharedEpochs } from './shared-epochs.ts';

/** Answers that a thread keeps of each kind. */
const answersMax = 8192;
/** Lists of segments are kept only while they are short: a blob of many segments is not small work anyway. */
const segmentsMax = 16;

interface Remembered {
  readonly counter: number;
  readonly value: unknown;
}

export function rememberingReader(
  reader: MetadataReader,
  epochs: Pick<SharedEpochs, 'repository'>,
): MetadataReader {
  const answers = new LRUCache<string, Remembered>({ max: answersMax });
  /** Repositories are asked for by id afterwards, and counted by name. */
  const names = new LRUCache<string, string>({ max: answersMax });
  const finished = new LRUCache<string, true>({ max: answersMax });
  const segments = new LRUCache<string, SegmentFacts[]>({ max: answersMax });

  async function remember<Value>(
    counterName: string | undefined,
    key: string,
    read: () => Promise<Value>,
  ): Promise<Value> {
    const counter = counterName === undefined ? undefined : epochs.repository(counterName);
    if (counter === undefined) return read();
    const known = answers.get(key);
    if (known?.counter === counter) return known.value as Value;
    const value = await read();
    answers.set(key, { counter, value });
    return value;
  }

  return {
    ...reader,
    async findRepository(registry, name) {
      const counterName = `${registry}/${name}`;
      const found = await remember(counterName, `r ${counterName}`, () =>
        reader.findRepository(registry, name),
      );
      if (found !== undefined) names.set(found.id, counterName);
      return found;
    },
    findTag: (repository, tag) =>
      remember(names.get(repository), `t ${repository} ${tag}`, () => reader.findTag(repository, tag)),
    findManifest: (repository, digest) =>
      remember(names.get(repository), `m ${repository} ${digest}`, () =>
        reader.findManifest(repository, digest),
      ),
    async findBlob(repository, digest) {
      const found = await remember(names.get(repository), `b ${repository} ${digest}`, () =>
        reader.findBlob(repository, digest),
      );
      if (found !== undefined) finished.set(found.id, true);
      return found;
    },
    /** The segments of a finished blob never change; those of an upload do, so they are never kept. */
    async segments(blob) {
      const known = segments.get(blob);
      if (known !== undefined) return known;
      const isFinished = finished.has(blob);
      const rows = await reader.segments(blob);
      if (isFinished && rows.length <= segmentsMax) segments.set(blob, rows);
      return rows;
    },
  };
}
