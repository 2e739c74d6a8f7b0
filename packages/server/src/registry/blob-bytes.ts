/**
 * The bytes of blobs, as the domain sees them. What writes and reads them knows encryption, rows and files; the domain
 * knows segments: their order is the blob.
 */
import type { Hash } from 'node:crypto';
import type { SegmentFacts } from './commands.ts';

/** A registry, as far as the choice of its key goes. */
export interface SealingRegistry {
  readonly id: string;
  readonly keyNumber: number;
}

/** Inclusive on both ends, counted from 0. */
export interface BlobRange {
  readonly start: number;
  readonly end: number;
}

export interface WriteBlobBytes {
  readonly registry: SealingRegistry;
  readonly blob: string;
  /** Offset in the blob of the first byte that `source` brings. */
  readonly startBytes: number;
  /** The most that the source may bring; beyond it the write is refused with `blob_too_large`. */
  readonly bytesMax: number;
  readonly source: AsyncIterable<Uint8Array>;
  /** Stands at `startBytes`, and is moved on; when `onSegment` is called it stands at that segment's end. */
  readonly hash: Hash;
  /** Called for each segment once it is durable, one at a time, in order. Nothing refers to it until a command does. */
  readonly onSegment: (segment: SegmentFacts) => Promise<void>;
}

export interface BlobWriter {
  /**
   * Stores what the source brings as segments; no bytes, no segment. When the source fails, what came before is stored
   * and reported all the same, and then the source's error is thrown.
   * @throws StorageFailure, RegistryError `blob_too_large` or `storage_full`, or what `onSegment` threw: the segment
   * that was being written is gone then.
   */
  write(request: WriteBlobBytes): Promise<void>;
  /** Gives back what holds this segment, when it is certain that no command ever recorded a part of it. Never throws. */
  discard(segment: SegmentFacts): Promise<void>;
}

export interface ReadBlobBytes {
  readonly registry: string;
  readonly blob: string;
  /** All segments of the blob, or of the part of an upload that has been recorded, in order. */
  readonly segments: readonly SegmentFacts[];
  /** Undefined reads all. */
  readonly range: BlobRange | undefined;
  readonly signal: AbortSignal;
}

export interface BlobReader {
  /**
   * Brings exactly the bytes asked for; a piece is the caller's own and is never overwritten. Ending the iteration
   * early, or aborting the signal, closes what is open. Nothing unverified ever comes out.
   * @throws StorageFailure
   */
  open(request: ReadBlobBytes): AsyncIterable<Uint8Array>;
}
