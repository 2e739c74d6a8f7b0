import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SegmentFacts } from '../../registry/commands.ts';
import { StorageFailure } from '../../storage-failure.ts';
import type { BlobObjects, ObjectWriter } from './blob-objects.ts';
import { MemoryObjects } from './memory-objects.ts';
import { readSegments, readWhole } from './sealed-blob-reader.ts';
import { type WriteSegmentsOptions, writeSegments } from './sealed-blob-writer.ts';
import { StagingPool } from './staging-pool.ts';

const registry = '11'.repeat(16);
const blob = '22'.repeat(16);
const registryKey = randomBytes(32);
const newId = () => randomBytes(16).toString('hex');
const never = new AbortController().signal;
const sealed = { cipher: 'aes-256-gcm-stream', registryKey, keyNumber: 1 } as const;
const clear = { cipher: 'none' } as const;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** One attempt with what it reported, and the prefix digest at each report. */
function attempt(change: Partial<WriteSegmentsOptions> = {}, objects: BlobObjects = new MemoryObjects()) {
  const segments: SegmentFacts[] = [];
  const prefixes: string[] = [];
  const hash = createHash('sha256');
  const object = newId();
  const onSegment = async (segment: SegmentFacts) => {
    segments.push(segment);
    prefixes.push(hash.copy().digest('hex'));
  };
  const staging = new StagingPool({ largeMax: 2, keptMax: 1 });
  const defaults = {
    objects,
    staging,
    object,
    newId,
    registry,
    blob,
    startBytes: 0,
    hash,
    signal: never,
    onSegment,
  };
  const write = (source: AsyncIterable<Uint8Array>) =>
    writeSegments({ ...defaults, bytesMax: 2 ** 40, ...sealed, ...change, source } as WriteSegmentsOptions);
  const owner = { registry, blob, keyOf: () => registryKey, acceptClear: change.cipher === 'none' };
  const readBack = () => readWhole({ ...owner, objects, segments, signal: never, bytesMax: 2 ** 30 });
  return { write, segments, prefixes, object, objects, hash, readBack, owner };
}

async function* inPieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? bytes.length;
    yield Buffer.from(bytes.subarray(at, at + size));
    at += size;
  }
}

async function* failingAfter(bytes: Uint8Array, error: Error): AsyncGenerator<Uint8Array> {
  yield* inPieces(bytes, [50_000]);
  throw error;
}

const exists = async (objects: BlobObjects, object: string) =>
  (await Promise.allSettled([objects.openReader(object)]))[0]?.status === 'fulfilled';

/** Objects whose writers do as they are told: faults come from the edge of the process. */
function faulty(faults: { write?: (call: number) => void | Promise<void>; sync?: (call: number) => void }) {
  const inner = new MemoryObjects();
  let writes = 0;
  let syncs = 0;
  const objects: BlobObjects = {
    openReader: (object) => inner.openReader(object),
    remove: (object) => inner.remove(object),
    freeSpace: () => inner.freeSpace(),
    async create(object, signal) {
      const writer = await inner.create(object, signal);
      const wrapped: ObjectWriter = {
        get offsetBytes() {
          return writer.offsetBytes;
        },
        async write(pieces) {
          await faults.write?.(++writes);
          await writer.write(pieces);
        },
        async sync() {
          faults.sync?.(++syncs);
          await writer.sync();
        },
        close: () => writer.close(),
        abandon: () => writer.abandon(),
      };
      return wrapped;
    },
  };
  return objects;
}

describe('writing segments', () => {
  test.each([sealed, clear])(
    'with cipher $cipher keeps any source, in any pieces, gapless and with its hash',
    async (sealing) => {
      const arbitrary = fc.record({
        length: fc.oneof(
          fc.integer({ min: 1, max: 3_000_000 }),
          fc.constantFrom(32_768, 32_769, 1_048_576, 1_048_577),
        ),
        sizes: fc.array(fc.integer({ min: 1_000, max: 200_000 }), { minLength: 1, maxLength: 5 }),
        segmentBytesMax: fc.integer({ min: 65_536, max: 2_000_000 }),
        startBytes: fc.nat(2 ** 40),
      });
      await fc.assert(
        fc.asyncProperty(arbitrary, async ({ length, sizes, segmentBytesMax, startBytes }) => {
          const bytes = randomBytes(length);
          const made = attempt({ ...sealing, segmentBytesMax, startBytes });
          expect(await made.write(inPieces(bytes, sizes))).toEqual({ lengthBytes: length });
          let next = startBytes;
          for (const [index, segment] of made.segments.entries()) {
            expect(segment.startBytes).toBe(next);
            expect(segment.lengthBytes).toBeLessThanOrEqual(Math.max(segmentBytesMax, 32_768));
            next += segment.lengthBytes;
            expect(made.prefixes[index]).toBe(sha256(bytes.subarray(0, next - startBytes)));
          }
          expect(next).toBe(startBytes + length);
          expect((await made.readBack()).equals(bytes)).toBe(true);
          expect(await exists(made.objects, made.object)).toBe(length > 32_768);
        }),
        { numRuns: 25 },
      );
    },
  );

  test('up to 32 KiB reports one inline segment and touches no object', async () => {
    const made = attempt({ startBytes: 9 });
    const bytes = randomBytes(32_768);
    await made.write(inPieces(bytes, [1000]));
    expect(made.segments).toMatchObject([
      { startBytes: 9, lengthBytes: 32_768, cipher: 1, object: null, objectOffset: null, keyBox: null },
    ]);
    expect(made.segments[0]?.inlineBox?.length).toBe(32_768 + 45);
    expect(await exists(made.objects, made.object)).toBe(false);
  });

  test('of no bytes reports nothing', async () => {
    const made = attempt();
    expect(await made.write(inPieces(Buffer.alloc(0), []))).toEqual({ lengthBytes: 0 });
    expect(made.segments).toEqual([]);
    expect(await exists(made.objects, made.object)).toBe(false);
  });

  test('without cipher stores the bytes as they are', async () => {
    const made = attempt(clear);
    const bytes = randomBytes(100_000);
    await made.write(inPieces(bytes, [30_000]));
    expect(made.segments).toMatchObject([
      { cipher: 0, keyBox: null, inlineBox: null, object: made.object, objectOffset: 0 },
    ]);
    const stored = Buffer.alloc(200_000);
    const reader = await made.objects.openReader(made.object);
    expect(await reader.read(stored, 0)).toBe(100_000);
    expect(stored.subarray(0, 100_000).equals(bytes)).toBe(true);
    const small = attempt(clear);
    await small.write(inPieces(Buffer.from('small'), [5]));
    expect(Buffer.from(small.segments[0]!.inlineBox!).toString()).toBe('\0small');
  });

  test.each([20_000, 150_000])(
    'keeps and reports what came before the client went away after %i bytes',
    async (length) => {
      const made = attempt();
      const bytes = randomBytes(length);
      await expect(made.write(failingAfter(bytes, new Error('aborted')))).rejects.toThrow('aborted');
      expect(made.segments.length).toBe(1);
      expect(made.prefixes).toEqual([sha256(bytes)]);
      expect((await made.readBack()).equals(bytes)).toBe(true);
    },
  );

  test('keeps and reports what came before the signal aborted, though the source never ends', async () => {
    const bytes = randomBytes(150_000);
    const abort = new AbortController();
    const made = attempt({ signal: abort.signal });
    async function* hanging() {
      yield* inPieces(bytes, [50_000]);
      setImmediate(() => abort.abort(new Error('too slow')));
      await new Promise(() => undefined);
    }
    await expect(made.write(hanging())).rejects.toThrow('too slow');
    expect((await made.readBack()).equals(bytes)).toBe(true);
  });

  test.each([10, 40_000])(
    'of more bytes than %i acknowledges nothing and leaves nothing',
    async (bytesMax) => {
      const made = attempt({ bytesMax });
      await expect(made.write(inPieces(randomBytes(bytesMax + 1), [7000]))).rejects.toMatchObject({
        code: 'blob_too_large',
      });
      expect(made.segments).toEqual([]);
      expect(await exists(made.objects, made.object)).toBe(false);
      const fitting = attempt({ bytesMax });
      await fitting.write(inPieces(randomBytes(bytesMax), [7000]));
      expect(fitting.segments[0]?.lengthBytes).toBe(bytesMax);
    },
  );

  test('reports a segment only after it was synced', async () => {
    const order: string[] = [];
    const objects = faulty({ sync: () => order.push('sync') });
    const onSegment = async () => void order.push('segment');
    const made = attempt({ onSegment, segmentBytesMax: 65_536 }, objects);
    await made.write(inPieces(randomBytes(150_000), [40_000]));
    expect(order).toEqual(['sync', 'segment', 'sync', 'segment', 'sync', 'segment']);
  });

  test('acknowledges nothing when the first sync fails, and removes the object', async () => {
    const failure = new StorageFailure('sync_failed', 'EIO');
    const objects = faulty({
      sync: () => {
        throw failure;
      },
    });
    const made = attempt({}, objects);
    await expect(made.write(inPieces(randomBytes(100_000), [40_000]))).rejects.toBe(failure);
    expect(made.segments).toEqual([]);
    expect(await exists(objects, made.object)).toBe(false);
  });

  test('acknowledges nothing when a slow write fails after the sync was asked for', async () => {
    const objects = faulty({
      write: async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        throw new StorageFailure('disk_full', 'ENOSPC');
      },
    });
    const made = attempt({}, objects);
    await expect(made.write(inPieces(randomBytes(50_000), [50_000]))).rejects.toMatchObject({
      code: 'disk_full',
    });
    expect(made.segments).toEqual([]);
  });

  test('keeps the segments that were reported before a write failed', async () => {
    const objects = faulty({
      write: (call) => {
        if (call > 4) throw new StorageFailure('disk_full', 'ENOSPC');
      },
    });
    const made = attempt({ segmentBytesMax: 100_000 }, objects);
    const bytes = randomBytes(5_000_000);
    await expect(made.write(inPieces(bytes, [60_000]))).rejects.toMatchObject({ code: 'disk_full' });
    expect(made.segments.length).toBeGreaterThan(0);
    const kept = await made.readBack();
    expect(kept.equals(bytes.subarray(0, kept.length))).toBe(true);
    expect(kept.length).toBe(made.segments.length * 100_000);
  });

  test('leaves the object when its report failed, since the row may be there', async () => {
    const onSegment = async () => {
      throw new Error('the outcome is unknown');
    };
    const made = attempt({ onSegment });
    await expect(made.write(inPieces(randomBytes(100_000), [40_000]))).rejects.toThrow('unknown');
    expect(await exists(made.objects, made.object)).toBe(true);
  });

  test('frees the pieces of a source that it owns, and no others', async () => {
    const piece = () => Buffer.from(new ArrayBuffer(50_000));
    const pieces = [piece(), piece()];
    await attempt({ sourceIsOwned: true }).write(Readable.from(pieces));
    expect(pieces.map((bytes) => bytes.length)).toEqual([0, 0]);
    const kept = [piece(), piece()];
    await attempt().write(Readable.from(kept));
    expect(kept.map((bytes) => bytes.length)).toEqual([50_000, 50_000]);
  });

  test('never stores a nonce or a key twice, also when one attempt repeats another', async () => {
    const bytes = randomBytes(200_000);
    const stored = new Set<string>();
    for (let i = 0; i < 5; i++) {
      const made = attempt();
      await made.write(inPieces(bytes, [70_000]));
      const reader = await made.objects.openReader(made.object);
      const into = Buffer.alloc(300_000);
      await reader.read(into, 0);
      // With one key, the same chunk at the same place would have the same ciphertext.
      for (let c = 0; c < 4; c++) stored.add(into.toString('hex', 64 + c * 65_552, 64 + c * 65_552 + 32));
      for await (const piece of readSegments({
        ...made.owner,
        objects: made.objects,
        segments: made.segments,
        signal: never,
      })) {
        expect(piece.length).toBe(200_000);
      }
    }
    expect(stored.size).toBe(20);
  });
});
