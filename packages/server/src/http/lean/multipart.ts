import { formatContentRange } from '@cerulean/oci/range.ts';
import type { BlobRange } from '../../registry/blob-bytes.ts';
import type { LentPiece } from '../../registry/blob-content.ts';

/** Several ranges in one body (RFC 9110 section 14.6), whose length is known before a byte of it is read. */
export interface MultipartBody {
  readonly contentType: string;
  readonly lengthBytes: number;
  pieces(): AsyncIterable<LentPiece>;
}

export interface MultipartOptions {
  readonly ranges: readonly BlobRange[];
  readonly sizeBytes: number;
  /** Random, so that it is in no content. */
  readonly boundary: string;
  readonly open: (range: BlobRange) => AsyncIterable<LentPiece>;
}

/** Makes a multipart/byteranges body; its parts are read one after the other. */
export function multipartBody({ ranges, sizeBytes, boundary, open }: MultipartOptions): MultipartBody {
  const head = (range: BlobRange, index: number): Buffer => {
    const contentRange = formatContentRange(range, sizeBytes);
    const lineBreak = index === 0 ? '' : '\r\n';
    return Buffer.from(
      `${lineBreak}--${boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: ${contentRange}\r\n\r\n`,
    );
  };
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const partBytes = ranges.map((range, index) => head(range, index).length + range.end - range.start + 1);
  return {
    contentType: `multipart/byteranges; boundary=${boundary}`,
    lengthBytes: partBytes.reduce((sum, bytes) => sum + bytes, tail.length),
    async *pieces() {
      for (const [index, range] of ranges.entries()) {
        yield own(head(range, index));
        yield* open(range);
      }
      yield own(tail);
    },
  };
}

const own = (bytes: Uint8Array): LentPiece => ({ buffers: [bytes], release: () => undefined });
