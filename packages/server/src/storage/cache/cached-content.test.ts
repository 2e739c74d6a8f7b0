import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { BlobReader } from '../../registry/blob-bytes.ts';
import type { ContentReader, LentPiece } from '../../registry/blob-content.ts';
import type { SegmentFacts } from '../../registry/commands.ts';
import { FreeSpaceGuard } from '../blobs/free-space-guard.ts';
import { MemoryObjects } from '../blobs/memory-objects.ts';
import { storedBlobReader, storedBlobWriter } from '../blobs/stored-blobs.ts';
import { blobBytes } from './blob-bytes.fixture.ts';
import { cachedContentReader } from './cached-content.ts';
import { ContentCache } from './content-cache.ts';

const page = 65_536;
const MiB = 2 ** 20;
const newId = () => randomBytes(16).toString('hex');
const registry = { id: newId(), keyNumber: 1 };

interface StoredBlob {
  readonly id: string;
  readonly bytes: Buffer;
  readonly segments: readonly SegmentFacts[];
}

/** Sealed blobs in memory, a cache of 8 MiB before them, and a count of the bytes that storage brought. */
async function openStore(memoryBytes = 8 * MiB) {
  const key = randomBytes(32);
  const objects = new MemoryObjects();
  using freeSpace = new FreeSpaceGuard(objects, 0);
  const keys = { current: async () => ({ number: 1, key }), byNumber: async () => key };
  const options = {
    objects,
    keys,
    encryption: 'aes-256-gcm',
    readUnencrypted: false,
    freeSpace,
    newId,
  } as const;
  const writer = storedBlobWriter(options);
  const stored = storedBlobReader(options);
  const cache = new ContentCache(ContentCache.allocate({ memoryBytes, threads: 2 }), 1);
  const counts = { storedBytes: 0, openings: 0 };
  const reader: BlobReader = {
    async *open(request) {
      counts.openings += 1;
      for await (const piece of stored.open(request)) {
        counts.storedBytes += piece.length;
        yield piece;
      }
    },
  };
  async function write(...segmentLengths: number[]): Promise<StoredBlob> {
    const id = newId();
    const bytes = blobBytes(
      id,
      0,
      segmentLengths.reduce((sum, length) => sum + length, 0),
    );
    const segments: SegmentFacts[] = [];
    let at = 0;
    for (const length of segmentLengths) {
      await writer.write({
        registry,
        blob: id,
        startBytes: at,
        bytesMax: 2 ** 40,
        source: (async function* () {
          yield Buffer.from(bytes.subarray(at, at + length));
        })(),
        hash: createHash('sha256'),
        onSegment: async (segment) => void segments.push(segment),
      });
      at += length;
    }
    return { id, bytes, segments };
  }
  return { content: cachedContentReader({ reader, cache }), reader, cache, counts, write };
}

const request = ({ id, bytes, segments }: StoredBlob, range?: { start: number; end: number }) => ({
  registry: registry.id,
  blob: id,
  sizeBytes: bytes.length,
  segments: async () => segments,
  range,
  signal: new AbortController().signal,
});

async function readAll(content: ContentReader, blob: StoredBlob, range?: { start: number; end: number }) {
  const read: Buffer[] = [];
  for await (const piece of content.open(request(blob, range))) {
    for (const buffer of piece.buffers) read.push(Buffer.from(buffer));
    piece.release();
  }
  return Buffer.concat(read);
}

describe('reading through the cache', () => {
  test('the third read of a blob does not touch storage, and nothing stays pinned', async () => {
    const { content, cache, counts, write } = await openStore();
    const blob = await write(3 * MiB + 7);
    for (const _ of [1, 2]) expect((await readAll(content, blob)).equals(blob.bytes)).toBe(true);
    expect(counts.storedBytes).toBe(2 * blob.bytes.length);
    expect((await readAll(content, blob)).equals(blob.bytes)).toBe(true);
    expect(counts.storedBytes).toBe(2 * blob.bytes.length);
    expect(cache.figures()).toMatchObject({ pinned: 0, filled: 49 });
  });

  test('a blob whose segments end anywhere is cached whole', async () => {
    const { content, counts, write } = await openStore();
    const blob = await write(100, 3 * page + 1, 40_000, 2 * MiB - 5, 1);
    for (const _ of [1, 2, 3]) expect((await readAll(content, blob)).equals(blob.bytes)).toBe(true);
    expect(counts.storedBytes).toBe(2 * blob.bytes.length);
  });

  test.each([
    [0, 0],
    [page - 1, page],
    [5 * page, 6 * page - 1],
    [12_345, 2 * MiB + 3],
    [3 * MiB - 1, 3 * MiB + 6],
  ])('bytes %i to %i are exact, cold, at the second read and hot', async (start, end) => {
    const { content, counts, write } = await openStore();
    const blob = await write(MiB + 11, 2 * MiB - 4);
    const expected = blob.bytes.subarray(start, end + 1);
    for (const _ of [1, 2])
      expect((await readAll(content, blob, { start, end })).equals(expected)).toBe(true);
    const { openings } = counts;
    expect((await readAll(content, blob, { start, end })).equals(expected)).toBe(true);
    expect(counts.openings).toBe(openings);
  });

  test('what is missing in the middle comes from storage', async () => {
    const { content, counts, write } = await openStore(16 * MiB);
    const blob = await write(4 * MiB);
    for (const _ of [1, 2]) await readAll(content, blob, { start: 0, end: MiB + page - 1 });
    for (const _ of [1, 2]) await readAll(content, blob, { start: 3 * MiB, end: 4 * MiB - 1 });
    const { storedBytes } = counts;
    expect((await readAll(content, blob)).equals(blob.bytes)).toBe(true);
    expect(counts.storedBytes - storedBytes).toBeLessThan(3 * MiB);
  });

  test('a small blob and an empty one are read', async () => {
    const { content, counts, write } = await openStore();
    const [small, none] = [await write(10), await write()];
    for (const _ of [1, 2, 3]) expect((await readAll(content, small)).equals(small.bytes)).toBe(true);
    expect(counts.openings).toBe(2);
    expect(await readAll(content, none)).toEqual(Buffer.alloc(0));
  });

  test('a blob larger than half of the cache is read from storage each time', async () => {
    const { content, cache, counts, write } = await openStore(2 * MiB);
    const blob = await write(MiB);
    for (const _ of [1, 2, 3]) expect((await readAll(content, blob)).equals(blob.bytes)).toBe(true);
    expect(counts.openings).toBe(3);
    expect(cache.figures().filled).toBe(0);
  });

  test('the reader without a cache, which reads back what was pushed, fills nothing', async () => {
    const { reader, cache, write } = await openStore();
    const blob = await write(MiB);
    const own = { registry: registry.id, blob: blob.id, segments: blob.segments, range: undefined };
    for (const _ of [1, 2, 3]) {
      for await (const _piece of reader.open({ ...own, signal: new AbortController().signal })) continue;
    }
    expect(cache.figures()).toMatchObject({ filled: 0, entered: 0 });
  });

  test('a changed byte in storage is an error, and enters no cache', async () => {
    const { content, cache, write } = await openStore();
    const blob = await write(2 * MiB);
    const moved = { ...blob, segments: blob.segments.map((one) => ({ ...one, objectOffset: 1 })) };
    for (const _ of [1, 2]) await expect(readAll(content, moved)).rejects.toThrow(/can't be read/);
    expect(cache.figures().filled).toBe(0);
  });

  test('who leaves early keeps pinned only what was not given back', async () => {
    const { content, cache, write } = await openStore();
    const blob = await write(3 * MiB);
    for (const _ of [1, 2]) await readAll(content, blob);
    const kept: LentPiece[] = [];
    for await (const piece of content.open(request(blob))) {
      kept.push(piece);
      if (kept.length === 2) break;
    }
    expect(cache.figures().pinned).toBe(32);
    for (const piece of kept) piece.release();
    for (const piece of kept) piece.release();
    expect(cache.figures().pinned).toBe(0);
  });

  test('of many who read a new blob at once, most get it from the cache', async () => {
    const { content, counts, write } = await openStore();
    const blob = await write(3 * MiB);
    const all = await Promise.all(Array.from({ length: 8 }, () => readAll(content, blob)));
    for (const one of all) expect(one.equals(blob.bytes)).toBe(true);
    for (const _ of [1, 2]) await readAll(content, blob);
    const { storedBytes } = counts;
    await Promise.all(Array.from({ length: 8 }, () => readAll(content, blob)));
    expect(counts.storedBytes).toBe(storedBytes);
  });
});
