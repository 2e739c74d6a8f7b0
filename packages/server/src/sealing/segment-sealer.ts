import { createCipheriv, randomBytes } from 'node:crypto';
import { sealBox } from './box.ts';
import { segmentKeyContext } from './box-context.ts';
import { releaseBytes } from './release-bytes.ts';
import {
  chunkBytes,
  chunkNonce,
  chunkTagBytes,
  type SegmentPlace,
  segmentHeader,
  segmentHeaderBytes,
  segmentLengthBytesMax,
  storedSegmentBytes,
} from './segment.ts';

/** Where a finished segment lies, and the registry's key that shall seal its own. */
export interface SegmentKeySealing {
  readonly registryKey: Uint8Array;
  readonly keyNumber: number;
  readonly object: string;
  /** Offset in the object of the segment's header. */
  readonly objectOffset: number;
}

/**
 * Encrypts one segment, front to back, once.
 *
 * It draws its key itself and takes none: the nonces are chunk numbers, so a key that had encrypted anything else
 * would give two plaintexts away. A full chunk is held back until more bytes or `finish` come, since the nonce of the
 * last chunk says that it is the last, and a chunk must not be encrypted twice to find out.
 */
export class SegmentSealer {
  readonly header: Buffer;
  readonly #place: SegmentPlace;
  readonly #key = randomBytes(32);
  readonly #held = Buffer.allocUnsafeSlow(chunkBytes);
  #heldBytes = 0;
  #lengthBytes = 0;
  #chunks = 0;
  #state: 'open' | 'finished' | 'over' = 'open';

  constructor(place: SegmentPlace) {
    this.#place = place;
    this.header = segmentHeader(place);
  }

  /** Plaintext bytes taken so far; after `finish`, the segment's length. */
  get lengthBytes(): number {
    return this.#lengthBytes;
  }

  /** What a segment of this length takes in its object: header, chunks and tags. */
  get storedBytes(): number {
    return storedSegmentBytes(this.#lengthBytes);
  }

  /**
   * Takes plaintext and returns the stored bytes that follow those returned before, as pieces that own their memory:
   * whoever wrote them may free them by `releaseSealed`. The plaintext is not kept and may be overwritten at once.
   */
  push(plaintext: Uint8Array): Uint8Array[] {
    this.#expect('open');
    this.#lengthBytes += plaintext.length;
    if (this.#lengthBytes > segmentLengthBytesMax) {
      throw new RangeError(`A segment has at most ${segmentLengthBytesMax} bytes.`);
    }
    const sealed: Uint8Array[] = [];
    let at = 0;
    if (this.#heldBytes > 0) at = this.#hold(plaintext, 0);
    if (at < plaintext.length) {
      if (this.#heldBytes > 0) this.#sealHeld(sealed, false);
      for (; plaintext.length - at > chunkBytes; at += chunkBytes) {
        this.#seal(sealed, plaintext.subarray(at, at + chunkBytes), false);
      }
      this.#hold(plaintext, at);
    }
    return sealed;
  }

  /** Seals the last chunk. A segment has at least one byte: there is none for no bytes. */
  finish(): Uint8Array[] {
    this.#expect('open');
    if (this.#heldBytes === 0) throw new RangeError('A segment has at least one byte.');
    const sealed: Uint8Array[] = [];
    this.#sealHeld(sealed, true);
    this.#state = 'finished';
    return sealed;
  }

  /** Seals the segment's key into a box of kind 2 that binds all its row says; afterwards the key is gone from here. */
  sealKey(sealing: SegmentKeySealing): Buffer {
    this.#expect('finished');
    const { registryKey, keyNumber, object, objectOffset } = sealing;
    const context = segmentKeyContext({
      ...this.#place,
      object,
      objectOffset,
      lengthBytes: this.lengthBytes,
    });
    const box = sealBox({ kind: 'segmentKey', keyNumber, key: registryKey, context, plaintext: this.#key });
    this.discard();
    return box;
  }

  /** Forgets the key: what was sealed so far can't be opened by anybody any more. */
  discard(): void {
    this.#key.fill(0);
    this.#held.fill(0);
    this.#state = 'over';
  }

  /** Copies plaintext from `at` into the room that the held chunk has; returns where it stopped. */
  #hold(plaintext: Uint8Array, at: number): number {
    const taken = Math.min(chunkBytes - this.#heldBytes, plaintext.length - at);
    this.#held.set(plaintext.subarray(at, at + taken), this.#heldBytes);
    this.#heldBytes += taken;
    return at + taken;
  }

  #sealHeld(sealed: Uint8Array[], isLast: boolean): void {
    this.#seal(sealed, this.#held.subarray(0, this.#heldBytes), isLast);
    this.#heldBytes = 0;
  }

  #seal(sealed: Uint8Array[], chunk: Uint8Array, isLast: boolean): void {
    if (this.#chunks === 0) sealed.push(this.header);
    const nonce = chunkNonce(this.#chunks, isLast);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: chunkTagBytes });
    cipher.setAAD(this.header);
    // One update returns the whole chunk in memory of its own; copying it elsewhere would cost a tenth of the speed.
    sealed.push(cipher.update(chunk));
    cipher.final();
    sealed.push(cipher.getAuthTag());
    this.#chunks += 1;
  }

  #expect(state: 'open' | 'finished'): void {
    if (this.#state !== state) throw new TypeError(`The segment is ${this.#state}, not ${state}.`);
  }
}

/** Gives the memory of pieces that `push` and `finish` returned back at once, after they were written. */
export function releaseSealed(pieces: readonly Uint8Array[]): void {
  for (const piece of pieces) {
    // Headers and tags are not worth the call, and the sealer still has the header.
    if (piece.length > segmentHeaderBytes) releaseBytes(piece);
  }
}
