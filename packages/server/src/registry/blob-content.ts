/** The content of finished blobs, as it is handed out to clients: out of memory where it is hot. */
import type { BlobRange } from './blob-bytes.ts';
import type { SegmentFacts } from './commands.ts';
import type { Found } from './metadata-reader.ts';

/**
 * Consecutive bytes of a blob, lent: they may lie in memory that others get as soon as they are given back, and that
 * is shared by threads. Nobody may change them, and nobody may read them after `release`.
 */
export interface LentPiece {
  /** One behind the other; more than one where the bytes do not lie together. */
  readonly buffers: readonly Uint8Array[];
  /**
   * Gives the bytes back; more than once does nothing more. To be called when the last of them has left this process,
   * or when it is certain that they never will: a piece that is never given back is lost to the cache.
   */
  release(): void;
}

export interface ReadContent {
  readonly registry: string;
  readonly blob: string;
  readonly sizeBytes: number;
  /** All segments of the blob, in order; asked only where the bytes must be read from storage. */
  readonly segments: () => Found<readonly SegmentFacts[]>;
  /** Undefined reads all. */
  readonly range: BlobRange | undefined;
  readonly signal: AbortSignal;
}

export interface ContentReader {
  /**
   * Brings exactly the bytes asked for of a blob that is finished and never changes. Each piece is the caller's to
   * give back. Ending the iteration early, or aborting the signal, closes what is open. Nothing unverified ever comes
   * out. @throws StorageFailure
   */
  open(request: ReadContent): AsyncIterable<LentPiece>;
}
