import { createDecipheriv } from 'node:crypto';
import { openBox } from './box.ts';
import { segmentKeyContext } from './box-context.ts';
import { releaseBytes } from './release-bytes.ts';
import { SealingError } from './sealing-error.ts';
import {
  chunkBytes,
  chunkCount,
  chunkNonce,
  chunkTagBytes,
  type SegmentPlace,
  segmentHeader,
  storedChunkBytes,
} from './segment.ts';

/** What a segment's row says of it. All of it is bound by the box of its key: a changed row does not open. */
export interface SealedSegmentFacts extends SegmentPlace {
  readonly lengthBytes: number;
  readonly object: string;
  readonly objectOffset: number;
  readonly keyBox: Uint8Array;
  readonly keyOf: (keyNumber: number) => Uint8Array | undefined;
}

/** Decrypts chunks of one segment, in any order. */
export interface OpenSegment {
  readonly chunks: number;
  /** Plaintext bytes of chunk `chunk`: 65,536, or what is left for the last. */
  chunkLengthBytes(chunk: number): number;
  /** Decrypts one whole stored chunk, its tag included, into memory of its own. */
  openChunk(chunk: number, stored: Uint8Array): Buffer;
  /**
   * Decrypts stored chunks that lie one behind the other, from `firstChunk` on, into `into`; returns how many bytes
   * it wrote. When it throws, `into` holds verified bytes only.
   */
  openChunks(firstChunk: number, stored: Uint8Array, into: Uint8Array): number;
  /** Forgets the key. */
  close(): void;
}

/**
 * Opens the box of a segment's key. Throws SealingError as openBox does; the chunks throw `authentication_failed`
 * before a single byte of theirs is handed out, for a wrong length too.
 */
export function openSegment(facts: SealedSegmentFacts): OpenSegment {
  const header = segmentHeader(facts);
  const key = openBox({
    kind: 'segmentKey',
    box: facts.keyBox,
    context: segmentKeyContext(facts),
    keyOf: facts.keyOf,
    acceptClear: false,
  });
  const chunks = chunkCount(facts.lengthBytes);
  const lastLengthBytes = facts.lengthBytes - (chunks - 1) * chunkBytes;

  function openChunk(chunk: number, stored: Uint8Array): Buffer {
    if (chunk < 0 || chunk >= chunks) throw new RangeError(`Chunk ${chunk} of ${chunks} does not exist.`);
    const isLast = chunk === chunks - 1;
    const tagAt = isLast ? lastLengthBytes : chunkBytes;
    if (stored.length !== tagAt + chunkTagBytes) throw chunkFailed(chunk, undefined);
    const nonce = chunkNonce(chunk, isLast);
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: chunkTagBytes });
    decipher.setAAD(header);
    decipher.setAuthTag(stored.subarray(tagAt));
    const plaintext = decipher.update(stored.subarray(0, tagAt));
    try {
      decipher.final();
    } catch (error) {
      plaintext.fill(0);
      throw chunkFailed(chunk, error);
    }
    return plaintext;
  }

  function openChunks(firstChunk: number, stored: Uint8Array, into: Uint8Array): number {
    let written = 0;
    for (let at = 0, chunk = firstChunk; at < stored.length; at += storedChunkBytes, chunk += 1) {
      const plaintext = openChunk(chunk, stored.subarray(at, at + storedChunkBytes));
      into.set(plaintext, written);
      written += plaintext.length;
      releaseBytes(plaintext);
    }
    return written;
  }

  return {
    chunks,
    chunkLengthBytes: (chunk) => (chunk === chunks - 1 ? lastLengthBytes : chunkBytes),
    openChunk,
    openChunks,
    close: () => void key.fill(0),
  };
}

function chunkFailed(chunk: number, cause: unknown): SealingError {
  return new SealingError('authentication_failed', `Chunk ${chunk} was changed, cut or moved.`, { cause });
}
