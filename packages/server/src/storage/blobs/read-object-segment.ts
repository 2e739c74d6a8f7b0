import type { SegmentFacts } from '../../registry/commands.ts';
import type { OpenSegment } from '../../sealing/open-segment.ts';
import { chunkBytes, chunkRange, storedChunkBytes } from '../../sealing/segment.ts';
import type { ObjectReader } from './blob-objects.ts';
import { naming, segmentFailure } from './stored-segment.ts';

/** How much is read, verified and handed out at once. */
const batchChunks = 16;
const batchBytes = batchChunks * chunkBytes;

/** One read of an object: stored bytes from an offset on, and what plaintext they become. */
interface Batch {
  readonly offset: number;
  readonly storedBytes: number;
  /** Turns the stored bytes into the plaintext that was asked for. */
  readonly decode: (stored: Buffer<ArrayBuffer>) => Buffer;
  /** Memory for the stored bytes. */
  readonly memory: () => Buffer<ArrayBuffer>;
}

/** A batch and the memory that its stored bytes are in. */
interface ReadBatch {
  readonly batch: Batch;
  readonly stored: Buffer<ArrayBuffer>;
}

export interface ObjectSegmentRead {
  readonly row: SegmentFacts;
  readonly reader: ObjectReader;
  readonly objectOffset: number;
  /** Inclusive, counted in the segment. */
  readonly firstByte: number;
  readonly lastByte: number;
  readonly reads: 'async' | 'sync';
  readonly signal: AbortSignal;
}

/** Plaintext of a sealed segment in verified pieces of about 1 MiB; `opened` is undefined for a segment without cipher. */
export async function* readObjectSegment(
  read: ObjectSegmentRead,
  opened: OpenSegment | undefined,
): AsyncGenerator<Buffer, void, void> {
  const batches = opened === undefined ? clearBatches(read) : sealedBatches(read, opened);
  if (read.reads === 'sync') {
    for (const batch of batches) {
      read.signal.throwIfAborted();
      const stored = batch.memory();
      yield decode(read, { batch, stored }, read.reader.readSync(stored, batch.offset));
    }
    return;
  }
  yield* readAhead(read, batches);
}

/** While one batch is decrypted and sent, the next is read. */
async function* readAhead(
  read: ObjectSegmentRead,
  batches: Iterable<Batch>,
): AsyncGenerator<Buffer, void, void> {
  const begin = (batch: Batch) => {
    const stored = batch.memory();
    const count = read.reader.read(stored, batch.offset);
    // It may fail while nobody awaits it yet; whoever awaits `count` gets the failure.
    count.catch(() => undefined);
    return { batch, stored, count };
  };
  const queue: ReturnType<typeof begin>[] = [];
  try {
    for (const batch of batches) {
      read.signal.throwIfAborted();
      queue.push(begin(batch));
      const ready = queue.length > 1 ? queue[0] : undefined;
      if (ready === undefined) continue;
      const plaintext = decode(read, ready, await ready.count);
      queue.shift();
      yield plaintext;
    }
    for (const last of queue) yield decode(read, last, await last.count);
  } finally {
    // The reader is closed by the caller, and a read under way needs its file.
    await Promise.allSettled(queue.map((begun) => begun.count));
  }
}

function decode(read: ObjectSegmentRead, { batch, stored }: ReadBatch, count: number): Buffer {
  if (count < batch.storedBytes) {
    const why = `the object ends ${batch.storedBytes - count} bytes early, at ${batch.offset + count}`;
    throw segmentFailure('object_truncated', read.row, { why });
  }
  return batch.decode(stored);
}

function* clearBatches(read: ObjectSegmentRead): Generator<Batch, void, void> {
  for (let at = read.firstByte; at <= read.lastByte; at += batchBytes) {
    const storedBytes = Math.min(batchBytes, read.lastByte + 1 - at);
    yield {
      offset: read.objectOffset + at,
      storedBytes,
      decode: (stored) => stored,
      memory: () => Buffer.allocUnsafeSlow(storedBytes),
    };
  }
}

function* sealedBatches(read: ObjectSegmentRead, opened: OpenSegment): Generator<Batch, void, void> {
  const { row, firstByte, lastByte } = read;
  const range = chunkRange(firstByte, lastByte, row.lengthBytes);
  // Two stretches of memory in turns: one is being decrypted while the other is being read into.
  const memories: Buffer<ArrayBuffer>[] = [];
  const memoryBytes = Math.min(batchChunks * storedChunkBytes, range.storedEnd - range.storedStart);
  let turn = 0;
  for (let chunk = range.firstChunk; chunk <= range.lastChunk; chunk += batchChunks) {
    const storedAt = range.storedStart + (chunk - range.firstChunk) * storedChunkBytes;
    const storedBytes = Math.min(memoryBytes, range.storedEnd - storedAt);
    const plainAt = chunk * chunkBytes;
    const plainBytes = Math.min(batchBytes, row.lengthBytes - plainAt);
    const memory = (memories[turn] ??= Buffer.allocUnsafeSlow(memoryBytes));
    turn = 1 - turn;
    yield {
      offset: read.objectOffset + storedAt,
      storedBytes,
      memory: () => memory.subarray(0, storedBytes),
      decode: (stored) => {
        const chunks = Math.ceil(storedBytes / storedChunkBytes);
        const wholeBytes = Math.min(chunks * chunkBytes, plainBytes);
        const plaintext = Buffer.allocUnsafeSlow(wholeBytes);
        naming(row, () => opened.openChunks(chunk, stored, plaintext));
        const from = Math.max(0, firstByte - plainAt);
        const to = Math.min(wholeBytes, lastByte + 1 - plainAt);
        return from === 0 && to === wholeBytes ? plaintext : plaintext.subarray(from, to);
      },
    };
  }
}
