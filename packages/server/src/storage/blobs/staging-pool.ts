import { releaseBytes } from '../../sealing/release-bytes.ts';
import { chunkBytes } from '../../sealing/segment.ts';

/** A piece of staging: what is hashed, sealed and written at once. */
const largeBytes = 16 * chunkBytes;

/**
 * Memory in which bodies are gathered before they are sealed and written. Large pieces make a push fast, and there are
 * only so many of them: a crowd of bodies that have stopped coming must not take the memory of all. Whoever comes when
 * all are lent gets a piece of one chunk, and asks again for the next.
 */
export class StagingPool {
  readonly #largeMax: number;
  readonly #keptMax: number;
  readonly #kept: Buffer<ArrayBuffer>[] = [];
  #lent = 0;

  /** @param largeMax large pieces that are lent at once; `keptMax` are kept for the next when they come back. */
  constructor({ largeMax, keptMax }: { readonly largeMax: number; readonly keptMax: number }) {
    this.#largeMax = largeMax;
    this.#keptMax = keptMax;
  }

  take(): Buffer<ArrayBuffer> {
    if (this.#lent >= this.#largeMax) return Buffer.allocUnsafeSlow(chunkBytes);
    this.#lent += 1;
    return this.#kept.pop() ?? Buffer.allocUnsafeSlow(largeBytes);
  }

  /** The same piece once more, or a large one for a small one if there is one by now; its content is lost. */
  renew(piece: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
    if (piece.length === largeBytes || this.#lent >= this.#largeMax) return piece;
    this.giveBack(piece);
    return this.take();
  }

  /** Takes a piece back, which nobody may use afterwards. */
  giveBack(piece: Buffer<ArrayBuffer>): void {
    if (piece.length < largeBytes) return releaseBytes(piece);
    this.#lent -= 1;
    if (this.#kept.length < this.#keptMax) this.#kept.push(piece);
    else releaseBytes(piece);
  }
}
