import type { SegmentFacts } from '../../registry/commands.ts';
import { openBox } from '../../sealing/box.ts';
import { inlineContext } from '../../sealing/box-context.ts';
import { type OpenSegment, openSegment } from '../../sealing/open-segment.ts';
import { SealingError } from '../../sealing/sealing-error.ts';
import { segmentCiphers } from '../../sealing/segment.ts';
import { StorageFailure, type StorageFailureCode } from '../../storage-failure.ts';

/** Whose segments are read, and with which keys. */
export interface SegmentOwner {
  readonly registry: string;
  readonly blob: string;
  readonly keyOf: (keyNumber: number) => Uint8Array | undefined;
  /**
   * Whether bytes that were stored without encryption are believed. From the server's configuration, never from the
   * database: whoever can write rows could otherwise replace sealed content by content of his own.
   */
  readonly acceptClear: boolean;
}

/** A segment's row, told apart by where its bytes are. */
export type StoredSegment = { readonly kind: 'inline'; readonly plaintext: Buffer } | ObjectStoredSegment;

/** A segment whose bytes lie in an object. */
export type ObjectStoredSegment =
  | { readonly kind: 'clear'; readonly object: string; readonly objectOffset: number }
  | {
      readonly kind: 'sealed';
      readonly object: string;
      readonly objectOffset: number;
      readonly opened: OpenSegment;
    };

/** Opens what a row holds: the inline bytes, or the key of a sealed segment. Throws StorageFailure. */
export function openStoredSegment(owner: SegmentOwner, row: SegmentFacts): StoredSegment {
  if (row.inlineBox !== null) return openInline(owner, row, row.inlineBox);
  const { object, objectOffset, keyBox } = row;
  if (object === null || objectOffset === null) throw inconsistent(row, 'it has neither bytes nor an object');
  if (row.cipher === segmentCiphers.none) {
    if (!owner.acceptClear)
      throw segmentFailure('clear_refused', row, {
        why: 'it lies unencrypted, and this server serves only what is sealed; --read-unencrypted changes that',
      });
    return { kind: 'clear', object, objectOffset };
  }
  if (row.cipher !== segmentCiphers['aes-256-gcm-stream'] || keyBox === null) {
    throw inconsistent(row, `cipher ${row.cipher} is not known, or its key is missing`);
  }
  const { id: segment, startBytes, lengthBytes } = row;
  const { registry, blob, keyOf } = owner;
  const opened = naming(row, () =>
    openSegment({ registry, blob, segment, startBytes, lengthBytes, object, objectOffset, keyBox, keyOf }),
  );
  return { kind: 'sealed', object, objectOffset, opened };
}

/** Runs what may throw a SealingError, and throws a StorageFailure that names the segment and its object instead. */
export function naming<Result>(row: SegmentFacts, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof SealingError)) throw error;
    const code =
      error.code === 'key_unknown' || error.code === 'clear_refused' ? error.code : 'authentication_failed';
    throw segmentFailure(code, row, { why: error.message, cause: error });
  }
}

export function segmentFailure(
  code: StorageFailureCode,
  row: SegmentFacts,
  reason: { why: string; cause?: unknown },
): StorageFailure {
  const place = row.object === null ? 'in its row' : `in object ${row.object} at ${row.objectOffset}`;
  return new StorageFailure(code, `Segment ${row.id} ${place} can't be read: ${reason.why}`, reason);
}

export function inconsistent(row: SegmentFacts, why: string): StorageFailure {
  return segmentFailure('segments_inconsistent', row, { why });
}

function openInline(owner: SegmentOwner, row: SegmentFacts, box: Uint8Array): StoredSegment {
  const { registry, blob, keyOf, acceptClear } = owner;
  const context = inlineContext({ registry, blob, startBytes: row.startBytes });
  const plaintext = naming(row, () => openBox({ kind: 'inline', box, context, keyOf, acceptClear }));
  if (plaintext.length !== row.lengthBytes) throw inconsistent(row, `it holds ${plaintext.length} bytes`);
  return { kind: 'inline', plaintext };
}
