import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SegmentFacts } from '../../registry/commands.ts';
import type { BlobObjects } from './blob-objects.ts';
import { FilesystemObjects, prepareFilesystemObjects } from './filesystem-objects.ts';
import { hashSegments, type ReadSegmentsOptions, readSegments, readWhole } from './sealed-blob-reader.ts';
import { writeSegments } from './sealed-blob-writer.ts';
import { StagingPool } from './staging-pool.ts';

const registry = '11'.repeat(16);
const blob = '22'.repeat(16);
const registryKey = randomBytes(32);
const newId = () => randomBytes(16).toString('hex');
const signal = new AbortController().signal;
type Cipher = 'none' | 'aes-256-gcm-stream';

/** A blob in files, made of the given requests: each has an object or a row of its own. */
async function storedBlob(requests: readonly number[], cipher: Cipher = 'aes-256-gcm-stream') {
  const folder = await mkdtemp(join(tmpdir(), 'cerulean-read-'));
  const root = join(folder, 'blobs');
  await prepareFilesystemObjects(root);
  const objects = new FilesystemObjects(root);
  const segments: SegmentFacts[] = [];
  const sealing = cipher === 'none' ? { cipher } : { cipher, registryKey, keyNumber: 1 };
  const parts: Buffer[] = [];
  for (const length of requests) {
    const part = randomBytes(length);
    const startBytes = parts.reduce((sum, bytes) => sum + bytes.length, 0);
    const onSegment = async (segment: SegmentFacts) => void segments.push(segment);
    const common = {
      objects,
      staging: new StagingPool({ largeMax: 1, keptMax: 0 }),
      object: newId(),
      newId,
      registry,
      blob,
      startBytes,
      bytesMax: 2 ** 40,
      signal,
      onSegment,
    };
    async function* source() {
      yield part;
    }
    await writeSegments({
      ...common,
      source: source(),
      hash: createHash('sha256'),
      segmentBytesMax: 1_500_000,
      ...sealing,
    });
    parts.push(part);
  }
  const read = {
    registry,
    blob,
    objects,
    segments,
    keyOf: (number: number) => (number === 1 ? registryKey : undefined),
    acceptClear: cipher === 'none',
    signal,
  };
  const pathOf = (object: string | null) => join(root, String(object).slice(0, 2), String(object));
  return {
    bytes: Buffer.concat(parts),
    read,
    pathOf,
    async [Symbol.asyncDispose]() {
      await objects[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

async function collect(options: ReadSegmentsOptions): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of readSegments(options)) pieces.push(piece);
  return Buffer.concat(pieces);
}

const failing = (code: string) => expect.objectContaining({ name: 'StorageFailure', code });

describe('reading segments', () => {
  test.each(['none', 'aes-256-gcm-stream'] as const)(
    'with cipher %s yields any range of a blob, both ways of reading',
    async (cipher) => {
      await using blobOf = await storedBlob([10, 70_000, 3_200_000, 5, 1_048_576], cipher);
      const { bytes, read } = blobOf;
      expect((await collect(read)).equals(bytes)).toBe(true);
      const edges = fc.oneof(
        fc.nat(bytes.length - 1),
        fc.constantFrom(0, 9, 10, 70_009, 70_010, 65_546, bytes.length - 1),
      );
      await fc.assert(
        fc.asyncProperty(edges, edges, fc.constantFrom('sync', 'async'), async (one, other, reads) => {
          const range = { start: Math.min(one, other), end: Math.max(one, other) };
          const got = await collect({ ...read, range, reads });
          expect(got.equals(bytes.subarray(range.start, range.end + 1))).toBe(true);
        }),
        { numRuns: 40 },
      );
    },
  );

  test('needs the rows of the range only', async () => {
    await using blobOf = await storedBlob([40_000, 40_000, 40_000]);
    const { bytes, read } = blobOf;
    const range = { start: 50_000, end: 60_000 };
    const got = await collect({ ...read, segments: read.segments.slice(1, 2), range });
    expect(got.equals(bytes.subarray(50_000, 60_001))).toBe(true);
  });

  test('yields whole pieces of 1 MiB that their reader may free', async () => {
    await using blobOf = await storedBlob([1_400_000]);
    const lengths: number[] = [];
    for await (const piece of readSegments(blobOf.read)) {
      expect(piece.buffer.byteLength).toBe(piece.length);
      lengths.push(piece.length);
    }
    expect(lengths).toEqual([1_048_576, 351_424]);
  });

  test('into a hash gives the digest of the blob', async () => {
    await using blobOf = await storedBlob([10, 2_000_000]);
    const hash = createHash('sha256');
    expect(await hashSegments({ ...blobOf.read, hash })).toBe(2_000_010);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(blobOf.bytes).digest('hex'));
  });

  test('of the empty blob yields nothing', async () => {
    await using blobOf = await storedBlob([]);
    expect((await readWhole({ ...blobOf.read, bytesMax: 0 })).length).toBe(0);
    await expect(collect({ ...blobOf.read, range: { start: 0, end: 0 } })).rejects.toThrow(
      failing('segments_inconsistent'),
    );
  });

  test('as a whole stops at the most that is asked for', async () => {
    await using blobOf = await storedBlob([100_000]);
    await expect(readWhole({ ...blobOf.read, bytesMax: 99_999 })).rejects.toThrow(RangeError);
  });

  test('that is left early closes the object only when no read is under way', async () => {
    await using blobOf = await storedBlob([1_400_000]);
    const { objects } = blobOf.read;
    let underWay = 0;
    const underWayAtClose: number[] = [];
    const slow: BlobObjects = {
      create: (object, abort) => objects.create(object, abort),
      remove: (object) => objects.remove(object),
      freeSpace: () => objects.freeSpace(),
      async openReader(object) {
        const reader = await objects.openReader(object);
        return {
          readSync: (into, offset) => reader.readSync(into, offset),
          async read(into, offset) {
            underWay += 1;
            if (offset > 1_000_000) await new Promise((resolve) => setTimeout(resolve, 20));
            const count = await reader.read(into, offset);
            underWay -= 1;
            return count;
          },
          async close() {
            underWayAtClose.push(underWay);
            await reader.close();
          },
        };
      },
    };
    for await (const piece of readSegments({ ...blobOf.read, objects: slow })) {
      expect(piece.length).toBe(1_048_576);
      expect(underWay).toBe(1);
      break;
    }
    expect(underWayAtClose).toEqual([0]);
  });

  test('stops when its signal aborts', async () => {
    await using blobOf = await storedBlob([1_400_000]);
    await expect(collect({ ...blobOf.read, signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow(
      'gone',
    );
  });
});

describe('reading what is not as it was stored', () => {
  test('names the object that is missing', async () => {
    await using blobOf = await storedBlob([100_000]);
    const object = blobOf.read.segments[0]?.object ?? '';
    await rm(blobOf.pathOf(object));
    await expect(collect(blobOf.read)).rejects.toMatchObject({
      code: 'object_missing',
      message: expect.stringContaining(object),
    });
  });

  test.each(['none', 'aes-256-gcm-stream'] as const)(
    'says that the object was cut, with cipher %s',
    async (cipher) => {
      await using blobOf = await storedBlob([100_000], cipher);
      const segment = blobOf.read.segments[0]!;
      await truncate(blobOf.pathOf(segment.object), 99_000);
      for (const reads of ['sync', 'async'] as const) {
        await expect(collect({ ...blobOf.read, reads })).rejects.toMatchObject({
          code: 'object_truncated',
          message: expect.stringContaining(segment.id),
        });
      }
    },
  );

  test('hands out nothing of a piece in which one bit was changed', async () => {
    await using blobOf = await storedBlob([1_200_000]);
    const segment = blobOf.read.segments[0]!;
    const path = blobOf.pathOf(segment.object);
    const stored = await readFile(path);
    stored[stored.length - 20]! ^= 1;
    await writeFile(path, stored);
    const got: number[] = [];
    const readAll = async () => {
      for await (const piece of readSegments(blobOf.read)) got.push(piece.length);
    };
    await expect(readAll()).rejects.toMatchObject({
      code: 'authentication_failed',
      message: expect.stringContaining(segment.object!),
    });
    expect(got).toEqual([1_048_576]);
    // The header on the disk is for whoever has no rows; the one that counts is made from the row.
    stored[stored.length - 20]! ^= 1;
    stored[20]! ^= 1;
    await writeFile(path, stored);
    expect((await collect(blobOf.read)).equals(blobOf.bytes)).toBe(true);
  });

  test('refuses rows that were changed, exchanged or are not there', async () => {
    await using blobOf = await storedBlob([100_000, 100_000, 10]);
    const { read } = blobOf;
    const [first, second, third] = read.segments as [SegmentFacts, SegmentFacts, SegmentFacts];
    const withRows = (...segments: SegmentFacts[]) => collect({ ...read, segments });
    const exchanged = [
      { ...second, startBytes: 0 },
      { ...first, startBytes: 100_000 },
    ];
    await expect(withRows(...exchanged)).rejects.toThrow(failing('authentication_failed'));
    await expect(withRows({ ...first, object: second.object })).rejects.toThrow(
      failing('authentication_failed'),
    );
    await expect(withRows({ ...first, lengthBytes: 99_999 })).rejects.toThrow(
      failing('authentication_failed'),
    );
    await expect(withRows({ ...third, startBytes: 0 })).rejects.toThrow(failing('authentication_failed'));
    await expect(withRows(first, third)).rejects.toThrow(failing('segments_inconsistent'));
    await expect(withRows({ ...first, keyBox: null })).rejects.toThrow(failing('segments_inconsistent'));
    await expect(withRows({ ...first, cipher: 7 })).rejects.toThrow(failing('segments_inconsistent'));
    await expect(withRows({ ...first, object: null })).rejects.toThrow(failing('segments_inconsistent'));
    await expect(withRows({ ...first, cipher: 0 })).rejects.toThrow(failing('clear_refused'));
    const end = { ...read, range: { start: 200_000, end: 200_010 } };
    await expect(collect(end)).rejects.toThrow(failing('segments_inconsistent'));
  });

  test('refuses another blob, another registry and another key', async () => {
    await using blobOf = await storedBlob([100_000]);
    const other = '99'.repeat(16);
    await expect(collect({ ...blobOf.read, blob: other })).rejects.toThrow(failing('authentication_failed'));
    await expect(collect({ ...blobOf.read, registry: other })).rejects.toThrow(
      failing('authentication_failed'),
    );
    await expect(collect({ ...blobOf.read, keyOf: () => randomBytes(32) })).rejects.toThrow(
      failing('authentication_failed'),
    );
    await expect(collect({ ...blobOf.read, keyOf: () => undefined })).rejects.toThrow(failing('key_unknown'));
  });

  test('believes clear bytes only where that was configured', async () => {
    await using blobOf = await storedBlob([10, 100_000], 'none');
    const [inline, file] = blobOf.read.segments as [SegmentFacts, SegmentFacts];
    for (const segments of [[inline], [{ ...file, startBytes: 0 }]]) {
      await expect(collect({ ...blobOf.read, segments, acceptClear: false })).rejects.toThrow(
        failing('clear_refused'),
      );
    }
  });
});
