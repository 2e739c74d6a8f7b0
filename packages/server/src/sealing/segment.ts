/**
 * The layout of a segment with cipher 1 (docs/format.md, "Segment"): a header of 64 bytes, then chunks of 65,536
 * plaintext bytes, the last one shorter, each followed by its tag. Pure arithmetic; nothing here knows a key.
 */
import { idBytes } from './id-bytes.ts';
import { SealingError } from './sealing-error.ts';

export const segmentHeaderBytes = 64;
export const chunkBytes = 65_536;
export const chunkTagBytes = 16;
export const storedChunkBytes = chunkBytes + chunkTagBytes;
/** 65,536 chunks: what the format allows. The server closes a segment long before. */
export const segmentLengthBytesMax = 2 ** 32;

/** How a segment's bytes are stored, by the number in its row and in its header. */
export const segmentCiphers = { none: 0, 'aes-256-gcm-stream': 1 } as const;

/** Where a segment belongs. Ids are 32 hexadecimal digits; `startBytes` is the offset in the blob of its first byte. */
export interface SegmentPlace {
  readonly registry: string;
  readonly blob: string;
  readonly segment: string;
  readonly startBytes: number;
}

const magic = Buffer.from('8943524c', 'hex');
const formatVersion = 1;
const chunkSizeLog2 = 16;

/** The 64 bytes that stand before the chunks and are additional data of each of them. */
export function segmentHeader(place: SegmentPlace): Buffer {
  const header = Buffer.alloc(segmentHeaderBytes);
  header.set(magic);
  header.set([formatVersion, segmentCiphers['aes-256-gcm-stream'], chunkSizeLog2, 0], 4);
  header.writeBigUInt64BE(BigInt(place.startBytes), 8);
  header.set(idBytes(place.registry), 16);
  header.set(idBytes(place.blob), 32);
  header.set(idBytes(place.segment), 48);
  return header;
}

/** Reads a stored header, for whoever looks at an object without its rows. Throws SealingError `segment_malformed`. */
export function parseSegmentHeader(header: Uint8Array): SegmentPlace {
  const bytes = Buffer.from(header.buffer, header.byteOffset, header.byteLength);
  const id = (at: number) => bytes.toString('hex', at, at + 16);
  if (bytes.length >= segmentHeaderBytes) {
    const startBytes = Number(bytes.readBigUInt64BE(8));
    const place = { registry: id(16), blob: id(32), segment: id(48), startBytes };
    if (
      Number.isSafeInteger(startBytes) &&
      segmentHeader(place).equals(bytes.subarray(0, segmentHeaderBytes))
    ) {
      return place;
    }
  }
  throw new SealingError('segment_malformed', 'This is no header of a segment of version 1.');
}

/** How many chunks hold this many plaintext bytes. */
export function chunkCount(lengthBytes: number): number {
  return Math.ceil(lengthBytes / chunkBytes);
}

/** What a sealed segment of this many plaintext bytes takes in its object, the header included. */
export function storedSegmentBytes(lengthBytes: number): number {
  return segmentHeaderBytes + lengthBytes + chunkTagBytes * chunkCount(lengthBytes);
}

/** The nonce of a chunk: 3 zero bytes, its number as u64, and whether it is the segment's last. */
export function chunkNonce(chunk: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  // A segment has at most 65,536 chunks, so the upper half of the u64 stays zero.
  nonce.writeUInt32BE(chunk, 7);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

/** Which stored bytes hold a range of a segment's plaintext. Stored offsets count from the segment's place in its object. */
export interface ChunkRange {
  readonly firstChunk: number;
  /** Inclusive. */
  readonly lastChunk: number;
  readonly storedStart: number;
  /** Exclusive. */
  readonly storedEnd: number;
  /** Plaintext bytes of the first chunk that come before the range. */
  readonly skipBytes: number;
}

/** Maps plaintext bytes `firstByte` to `lastByte` (inclusive, counted in the segment) to whole stored chunks. */
export function chunkRange(firstByte: number, lastByte: number, lengthBytes: number): ChunkRange {
  if (!(firstByte >= 0 && firstByte <= lastByte && lastByte < lengthBytes)) {
    throw new RangeError(`Bytes ${firstByte} to ${lastByte} are not in a segment of ${lengthBytes}.`);
  }
  const firstChunk = Math.floor(firstByte / chunkBytes);
  const lastChunk = Math.floor(lastByte / chunkBytes);
  const chunksEnd = segmentHeaderBytes + (lastChunk + 1) * storedChunkBytes;
  return {
    firstChunk,
    lastChunk,
    storedStart: segmentHeaderBytes + firstChunk * storedChunkBytes,
    storedEnd: Math.min(chunksEnd, storedSegmentBytes(lengthBytes)),
    skipBytes: firstByte - firstChunk * chunkBytes,
  };
}
