import type { Hash } from 'node:crypto';
import { RegistryError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { SegmentFacts } from '../../registry/commands.ts';
import { clearBox, sealBox } from '../../sealing/box.ts';
import { inlineContext } from '../../sealing/box-context.ts';
import { releaseBytes } from '../../sealing/release-bytes.ts';
import { chunkBytes, segmentCiphers } from '../../sealing/segment.ts';
import { Arrivals } from './arrivals.ts';
import type { BlobObjects } from './blob-objects.ts';
import { ObjectAppender } from './object-appender.ts';
import { type SegmentEncoder, type SegmentSealing, segmentEncoder } from './segment-encoder.ts';
import type { StagingPool } from './staging-pool.ts';

export type WriteSegmentsOptions = {
  /** The plaintext: a request's body. It is neither destroyed nor returned when it is not read to its end. */
  readonly source: AsyncIterable<Uint8Array>;
  /** True when pieces that own their memory may be freed as soon as they were read, as those of a socket may. */
  readonly sourceIsOwned?: boolean;
  readonly objects: BlobObjects;
  readonly staging: StagingPool;
  /** A fresh id: the object that this attempt makes if it needs one. */
  readonly object: string;
  readonly newId: () => string;
  readonly registry: string;
  readonly blob: string;
  /** Offset in the blob of the source's first byte. */
  readonly startBytes: number;
  /**
   * Already fed with everything before `startBytes`. Whenever `onSegment` is called it stands exactly at that
   * segment's end. After a rejection with anything but the source's own error it has taken bytes that are lost.
   */
  readonly hash: Hash;
  readonly segmentBytesMax?: number;
  /** The most that this source may bring. */
  readonly bytesMax: number;
  readonly signal: AbortSignal;
  /** Called when a segment is durable, one at a time, in the order of the blob; its row may be committed now. */
  readonly onSegment: (segment: SegmentFacts) => Promise<void>;
} & SegmentSealing;

/**
 * Stores a source as segments of a blob: hashes it, seals it, writes it to an object of its own, and reports each
 * segment once it is durable. A source of up to 32 KiB becomes one inline segment and touches no object.
 *
 * A segment ends after `segmentBytesMax`, with the source, and also when the source fails or the signal aborts: then
 * what came is kept and reported first, and the source's error (the signal's reason) is thrown afterwards.
 *
 * Rejects with RegistryError `blob_too_large` when the source brings more than `bytesMax`; with StorageFailure; with
 * the error of `onSegment`. The segment that was open is then lost. The object is removed unless `onSegment` was
 * called for it: whether that row was committed only the caller knows, who may remove the object if it was not.
 */
export async function writeSegments(options: WriteSegmentsOptions): Promise<{ lengthBytes: number }> {
  using attempt = new Attempt(options);
  using arrivals = new Arrivals(options.source, options.signal);
  try {
    let arrival = await arrivals.next();
    for (; !arrival.isEnd; arrival = await arrivals.next()) {
      await attempt.take(arrival.piece);
      if (options.sourceIsOwned === true) releaseBytes(arrival.piece);
    }
    await attempt.finish();
    if (arrival.failed) throw arrival.error;
    return { lengthBytes: attempt.takenBytes };
  } catch (error) {
    await attempt.giveUp();
    throw error;
  }
}

/** One source on its way into segments. */
class Attempt {
  takenBytes = 0;
  readonly #options: WriteSegmentsOptions;
  readonly #segmentBytesMax: number;
  /** What an inline segment may have, until the source turns out to be larger; then a piece of the pool's. */
  #staging = Buffer.allocUnsafeSlow(limits.inlineBytesMax);
  #stagedBytes = 0;
  #appender: ObjectAppender | undefined;
  #segment: OpenedSegment | undefined;
  #isMaybePointedTo = false;
  #reportedBytes = 0;

  constructor(options: WriteSegmentsOptions) {
    this.#options = options;
    this.#segmentBytesMax = options.segmentBytesMax ?? limits.segmentBytesMax;
    if (this.#segmentBytesMax < chunkBytes)
      throw new RangeError(`A segment may have ${chunkBytes} bytes at least.`);
  }

  async take(piece: Uint8Array): Promise<void> {
    this.takenBytes += piece.length;
    if (this.takenBytes > this.#options.bytesMax) throw tooLarge(this.#options);
    if (this.#appender === undefined) {
      if (this.#stagedBytes + piece.length <= this.#staging.length) return this.#stage(piece);
      await this.#beginObject();
    }
    for (let at = 0; at < piece.length; ) {
      const segment = this.#segment ?? this.#beginSegment();
      const room =
        Math.min(this.#staging.length, this.#segmentBytesMax - segment.lengthBytes) - this.#stagedBytes;
      const part = piece.subarray(at, at + room);
      this.#stage(part);
      at += part.length;
      if (part.length === room) await this.#flush(segment);
      if (segment.lengthBytes === this.#segmentBytesMax) await this.#endSegment(segment);
    }
  }

  /** Closes what is open: the source has ended, one way or the other. */
  async finish(): Promise<void> {
    if (this.#appender === undefined && this.#stagedBytes > 0) return this.#reportInline();
    if (this.#segment !== undefined) await this.#endSegment(this.#segment);
    await this.#appender?.close();
  }

  /** After a failure: forgets the open segment, and the object where nothing can point to it. Never rejects. */
  async giveUp(): Promise<void> {
    this.#segment?.encoder.discard();
    this.#segment = undefined;
    await this.#appender?.giveUp({ keepObject: this.#isMaybePointedTo });
  }

  /** Gives the staging back; nothing may be taken afterwards. */
  [Symbol.dispose](): void {
    if (this.#appender === undefined) releaseBytes(this.#staging);
    else this.#options.staging.giveBack(this.#staging);
  }

  #stage(piece: Uint8Array): void {
    this.#staging.set(piece, this.#stagedBytes);
    this.#stagedBytes += piece.length;
  }

  async #beginObject(): Promise<void> {
    this.#appender = await ObjectAppender.create(this.#options.objects, this.#options.object);
    const small = this.#staging;
    this.#staging = this.#options.staging.take();
    small.copy(this.#staging, 0, 0, this.#stagedBytes);
    releaseBytes(small);
  }

  #beginSegment(): OpenedSegment {
    const { registry, blob, startBytes, newId } = this.#options;
    const segment = newId();
    const start = startBytes + this.#reportedBytes;
    const encoder = segmentEncoder({ registry, blob, segment, startBytes: start }, this.#options);
    this.#segment = { id: segment, start, encoder, lengthBytes: 0, objectOffset: this.#open().offsetBytes };
    return this.#segment;
  }

  /** Hashes, seals and begins to write what is staged; waits only when two writes are under way already. */
  async #flush(segment: OpenedSegment): Promise<void> {
    const staging = this.#staging;
    const plaintext = staging.subarray(0, this.#stagedBytes);
    this.#options.hash.update(plaintext);
    segment.lengthBytes += plaintext.length;
    this.#stagedBytes = 0;
    const { encoder } = segment;
    const pieces = encoder.push(plaintext);
    if (encoder.borrowsPlaintext) {
      this.#staging = this.#options.staging.take();
      await this.#open().write(pieces, () => this.#options.staging.giveBack(staging));
    } else {
      this.#staging = this.#options.staging.renew(staging);
      await this.#open().write(pieces, () => encoder.release(pieces));
    }
  }

  async #endSegment(segment: OpenedSegment): Promise<void> {
    if (this.#stagedBytes > 0) await this.#flush(segment);
    const appender = this.#open();
    const pieces = segment.encoder.finish();
    await appender.write(pieces, () => segment.encoder.release(pieces));
    await appender.sync();
    const { object } = this.#options;
    const { id, start, encoder, lengthBytes, objectOffset } = segment;
    const keyBox = encoder.keyBox(object, objectOffset);
    this.#segment = undefined;
    this.#isMaybePointedTo = true;
    await this.#report({
      id,
      startBytes: start,
      lengthBytes,
      cipher: encoder.cipher,
      inlineBox: null,
      object,
      objectOffset,
      keyBox,
    });
  }

  async #reportInline(): Promise<void> {
    const { registry, blob, startBytes, newId } = this.#options;
    const plaintext = this.#staging.subarray(0, this.#stagedBytes);
    this.#options.hash.update(plaintext);
    const context = inlineContext({ registry, blob, startBytes });
    const inlineBox =
      this.#options.cipher === 'none'
        ? clearBox(plaintext)
        : sealBox({
            kind: 'inline',
            keyNumber: this.#options.keyNumber,
            key: this.#options.registryKey,
            context,
            plaintext,
          });
    await this.#report({
      id: newId(),
      startBytes,
      lengthBytes: plaintext.length,
      cipher: segmentCiphers[this.#options.cipher],
      inlineBox,
      object: null,
      objectOffset: null,
      keyBox: null,
    });
  }

  async #report(segment: SegmentFacts): Promise<void> {
    this.#reportedBytes += segment.lengthBytes;
    await this.#options.onSegment(segment);
  }

  #open(): ObjectAppender {
    if (this.#appender === undefined) throw new TypeError('The object was not begun.');
    return this.#appender;
  }
}

/** A segment that is being written. */
interface OpenedSegment {
  readonly id: string;
  readonly start: number;
  readonly encoder: SegmentEncoder;
  readonly objectOffset: number;
  /** Hashed and given to the encoder; staged bytes do not count. */
  lengthBytes: number;
}

function tooLarge(options: WriteSegmentsOptions): RegistryError {
  const limitBytes = options.startBytes + options.bytesMax;
  return new RegistryError(
    'blob_too_large',
    `The blob is larger than the ${limitBytes} bytes that it may have.`,
    {
      limitBytes,
    },
  );
}
