import type { Hash } from 'node:crypto';
import type { SegmentFacts } from '../../registry/commands.ts';
import { releaseBytes } from '../../sealing/release-bytes.ts';
import { StorageFailure } from '../../storage-failure.ts';
import type { BlobObjects } from './blob-objects.ts';
import { readObjectSegment } from './read-object-segment.ts';
import {
  inconsistent,
  type ObjectStoredSegment,
  openStoredSegment,
  type SegmentOwner,
} from './stored-segment.ts';

export interface ReadSegmentsOptions extends SegmentOwner {
  readonly objects: BlobObjects;
  /** The blob's rows in the order of their starts; those outside of the range may be missing. */
  readonly segments: readonly SegmentFacts[];
  /** Bytes of the blob, both inclusive. Without it, everything that the segments hold. */
  readonly range?: { readonly start: number; readonly end: number };
  /** `sync` blocks the thread for each read, and is faster where the bytes are in memory already. */
  readonly reads?: 'async' | 'sync';
  readonly signal: AbortSignal;
}

/**
 * Yields a blob's bytes in pieces of about 1 MiB, each verified before it is yielded, with one read ahead. A piece
 * belongs to whoever gets it, who may free it by `releaseBytes` when it was sent.
 *
 * Throws StorageFailure that names object and segment: `object_missing`, `object_truncated`, `authentication_failed`,
 * `key_unknown`, `clear_refused`, `read_failed`, and `segments_inconsistent` when the rows do not cover the range.
 */
export async function* readSegments(options: ReadSegmentsOptions): AsyncGenerator<Buffer, void, void> {
  const { segments, signal } = options;
  const range = options.range ?? wholeRange(segments);
  let next = range.start;
  for (const row of segments) {
    const end = row.startBytes + row.lengthBytes;
    if (end <= next || next > range.end) continue;
    if (row.startBytes > next) throw inconsistent(row, `the blob's bytes from ${next} on are in no segment`);
    signal.throwIfAborted();
    const firstByte = next - row.startBytes;
    const lastByte = Math.min(range.end, end - 1) - row.startBytes;
    const stored = openStoredSegment(options, row);
    if (stored.kind === 'inline') {
      yield firstByte === 0 && lastByte + 1 === row.lengthBytes
        ? stored.plaintext
        : stored.plaintext.subarray(firstByte, lastByte + 1);
    } else {
      yield* readStored(options, { row, stored, firstByte, lastByte });
    }
    next = row.startBytes + lastByte + 1;
  }
  if (next <= range.end) {
    throw new StorageFailure(
      'segments_inconsistent',
      `Blob ${options.blob} has no segment for its byte ${next}.`,
    );
  }
}

/** Reads a segment that lies in an object, and gives its file and its key back however that ends. */
async function* readStored(
  options: ReadSegmentsOptions,
  part: { row: SegmentFacts; stored: ObjectStoredSegment; firstByte: number; lastByte: number },
): AsyncGenerator<Buffer, void, void> {
  const { row, stored, firstByte, lastByte } = part;
  const { signal, reads = 'async' } = options;
  const { objectOffset } = stored;
  const opened = stored.kind === 'sealed' ? stored.opened : undefined;
  try {
    const reader = await options.objects.openReader(stored.object);
    try {
      yield* readObjectSegment({ row, reader, objectOffset, firstByte, lastByte, reads, signal }, opened);
    } finally {
      await reader.close();
    }
  } finally {
    opened?.close();
  }
}

/** Reads everything into one Buffer, for small blobs. Throws a RangeError where it would be more than `bytesMax`. */
export async function readWhole(
  options: ReadSegmentsOptions & { readonly bytesMax: number },
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of readSegments(options)) {
    bytes += piece.length;
    if (bytes > options.bytesMax)
      throw new RangeError(`Blob ${options.blob} has more than ${options.bytesMax} bytes.`);
    pieces.push(piece);
  }
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
}

/** Feeds a hash with the blob's bytes: for an upload that another process continues. Resolves to their count. */
export async function hashSegments(options: ReadSegmentsOptions & { readonly hash: Hash }): Promise<number> {
  let bytes = 0;
  for await (const piece of readSegments(options)) {
    options.hash.update(piece);
    bytes += piece.length;
    releaseBytes(piece);
  }
  return bytes;
}

/** An empty list of segments is the empty blob: a range that has no byte. */
function wholeRange(segments: readonly SegmentFacts[]): { start: number; end: number } {
  const first = segments[0];
  const last = segments.at(-1);
  if (first === undefined || last === undefined) return { start: 0, end: -1 };
  return { start: first.startBytes, end: last.startBytes + last.lengthBytes - 1 };
}
