import { type SegmentPlace, segmentCiphers } from '../../sealing/segment.ts';
import { releaseSealed, SegmentSealer } from '../../sealing/segment-sealer.ts';

/** How new segments are stored: with which cipher, and for an encrypted one, by which key of the registry. */
export type SegmentSealing =
  | { readonly cipher: 'none' }
  | { readonly cipher: 'aes-256-gcm-stream'; readonly registryKey: Uint8Array; readonly keyNumber: number };

/** Makes stored bytes from the plaintext of one segment, front to back. */
export interface SegmentEncoder {
  /** The number in the segment's row. */
  readonly cipher: number;
  /** True when what `push` returns is the plaintext's own memory, which then must not change until it is written. */
  readonly borrowsPlaintext: boolean;
  push(plaintext: Uint8Array): readonly Uint8Array[];
  finish(): readonly Uint8Array[];
  /** Gives written pieces back. */
  release(pieces: readonly Uint8Array[]): void;
  /** After `finish`: the box for the row, null where there is no key. */
  keyBox(object: string, objectOffset: number): Uint8Array | null;
  /** Forgets a segment that will have no row. */
  discard(): void;
}

export function segmentEncoder(place: SegmentPlace, sealing: SegmentSealing): SegmentEncoder {
  return sealing.cipher === 'none' ? clearEncoder() : sealingEncoder(place, sealing);
}

function clearEncoder(): SegmentEncoder {
  return {
    cipher: segmentCiphers.none,
    borrowsPlaintext: true,
    push: (plaintext) => [plaintext],
    finish: () => [],
    release: () => undefined,
    keyBox: () => null,
    discard: () => undefined,
  };
}

function sealingEncoder(
  place: SegmentPlace,
  key: { registryKey: Uint8Array; keyNumber: number },
): SegmentEncoder {
  const sealer = new SegmentSealer(place);
  const { registryKey, keyNumber } = key;
  return {
    cipher: segmentCiphers['aes-256-gcm-stream'],
    borrowsPlaintext: false,
    push: (plaintext) => sealer.push(plaintext),
    finish: () => sealer.finish(),
    release: releaseSealed,
    keyBox: (object, objectOffset) => sealer.sealKey({ registryKey, keyNumber, object, objectOffset }),
    discard: () => sealer.discard(),
  };
}
