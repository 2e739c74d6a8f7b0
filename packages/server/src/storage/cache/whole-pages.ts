import { pageBytes } from './cache-layout.ts';

/** Called with bytes from the start of `firstPage` on: whole pages, but for the blob's last. They may be overwritten afterwards. */
type TakePages = (firstPage: number, bytes: Uint8Array) => void;

/**
 * Cuts pieces of a blob, which come in order and may end anywhere, at the ends of pages. Pages that lie in one piece
 * are passed on as they are; one that spans pieces is put together first. It holds one page at most.
 */
export class WholePages {
  readonly #take: TakePages;
  readonly #sizeBytes: number;
  #at: number;
  #begun: Buffer | undefined;
  #begunBytes = 0;

  /** @param startBytes where the first piece starts in the blob: the start of a page */
  constructor(startBytes: number, sizeBytes: number, take: TakePages) {
    this.#at = startBytes;
    this.#sizeBytes = sizeBytes;
    this.#take = take;
  }

  feed(piece: Uint8Array): void {
    const rest = this.#begunBytes === 0 ? piece : this.#finish(piece);
    if (rest.length === 0) return;
    const atEnd = this.#at + rest.length === this.#sizeBytes;
    const whole = atEnd ? rest.length : rest.length - (rest.length % pageBytes);
    if (whole > 0) this.#take(this.#at / pageBytes, rest.subarray(0, whole));
    this.#at += whole;
    if (whole < rest.length) this.#begin(rest.subarray(whole));
  }

  #begin(bytes: Uint8Array): void {
    this.#begun ??= Buffer.allocUnsafeSlow(pageBytes);
    this.#begun.set(bytes);
    this.#begunBytes = bytes.length;
  }

  /** Adds to the page that was begun; returns what of the piece lies behind it. */
  #finish(piece: Uint8Array): Uint8Array {
    const begun = this.#begun ?? Buffer.alloc(0);
    const pageLength = Math.min(pageBytes, this.#sizeBytes - this.#at);
    const added = piece.subarray(0, pageLength - this.#begunBytes);
    begun.set(added, this.#begunBytes);
    this.#begunBytes += added.length;
    if (this.#begunBytes === pageLength) {
      this.#take(this.#at / pageBytes, begun.subarray(0, pageLength));
      this.#at += pageLength;
      this.#begunBytes = 0;
    }
    return piece.subarray(added.length);
  }
}
