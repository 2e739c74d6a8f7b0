/** The domain's `BlobWriter` and `BlobReader` over sealed segments in objects and rows. */
import { limits } from '../../limits.ts';
import type { BlobReader, BlobWriter } from '../../registry/blob-bytes.ts';
import type { SegmentFacts } from '../../registry/commands.ts';
import { inspectedPieces } from '../../registry/inspected-pieces.ts';
import type { RegistryKeys } from '../../registry/registry-keys.ts';
import { boxKeyNumber } from '../../sealing/box.ts';
import type { BlobObjects } from './blob-objects.ts';
import type { FreeSpaceGuard } from './free-space-guard.ts';
import { readSegments } from './sealed-blob-reader.ts';
import { writeSegments } from './sealed-blob-writer.ts';
import type { SegmentSealing } from './segment-encoder.ts';
import { StagingPool } from './staging-pool.ts';

export interface StoredBlobsOptions {
  readonly objects: BlobObjects;
  readonly keys: RegistryKeys;
  /** How new content is stored. */
  readonly encryption: 'aes-256-gcm' | 'none';
  /** Whether content that lies unencrypted is read; from the configuration, never from the database. */
  readonly readUnencrypted: boolean;
  readonly freeSpace: FreeSpaceGuard;
  readonly newId: () => string;
}

/** Pieces that a thread keeps while nobody pushes: enough for a few layers at once. */
const stagingKeptMax = 4;

export function storedBlobWriter(options: StoredBlobsOptions): BlobWriter {
  const { objects, keys, encryption, freeSpace, newId } = options;
  const staging = new StagingPool({ largeMax: limits.stagingPiecesMax, keptMax: stagingKeptMax });

  async function sealing(registry: { id: string; keyNumber: number }): Promise<SegmentSealing> {
    if (encryption === 'none') return { cipher: 'none' };
    const { number, key } = await keys.current(registry);
    return { cipher: 'aes-256-gcm-stream', registryKey: key, keyNumber: number };
  }

  return {
    async write({ registry, blob, startBytes, bytesMax, source, hash, onSegment }) {
      freeSpace.check();
      await writeSegments({
        source: inspectedPieces(source, { piece: () => freeSpace.check() }),
        sourceIsOwned: true,
        objects,
        staging,
        object: newId(),
        newId,
        registry: registry.id,
        blob,
        startBytes,
        hash,
        bytesMax,
        signal: neverAborted,
        onSegment,
        ...(await sealing(registry)),
      });
    },
    async discard(segment) {
      // What can't be removed now has no row, so it means nothing; a later scan for orphans finds it.
      if (segment.object !== null) await objects.remove(segment.object).catch(() => undefined);
    },
  };
}

export function storedBlobReader(options: StoredBlobsOptions): BlobReader {
  const { objects, keys, readUnencrypted } = options;
  return {
    async *open({ registry, blob, segments, range, signal }) {
      const opened = new Map<number, Uint8Array>();
      for (const number of keyNumbers(segments)) opened.set(number, await keys.byNumber(registry, number));
      yield* readSegments({
        objects,
        registry,
        blob,
        segments,
        ...(range === undefined ? {} : { range }),
        keyOf: (number) => opened.get(number),
        acceptClear: readUnencrypted,
        signal,
      });
    },
  };
}

function keyNumbers(segments: readonly SegmentFacts[]): Set<number> {
  const numbers = new Set<number>();
  for (const segment of segments) {
    const box = segment.inlineBox ?? segment.keyBox;
    const number = box === null ? undefined : boxKeyNumber(box);
    if (number !== undefined) numbers.add(number);
  }
  return numbers;
}

const neverAborted = new AbortController().signal;
