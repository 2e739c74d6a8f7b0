/** Bytes that were sent behind an offset by a request whose end nobody knows: any first part of them may be kept. */
interface Unsettled {
  readonly offset: number;
  readonly bytes: Buffer;
}

/**
 * What an upload must have, by what the server has said. Bytes that were acknowledged stay; a request that was cut off
 * may still add a first part of what it sent, if nothing else was added in the meantime.
 */
export class UploadModel {
  #kept: Buffer = Buffer.alloc(0);
  #unsettled: Unsettled[] = [];

  get kept(): Buffer {
    return this.#kept;
  }

  /** Requests that may still change the upload. */
  get unsettled(): number {
    return this.#unsettled.length;
  }

  /** These bytes were acknowledged behind what was kept. */
  acknowledged(bytes: Buffer): void {
    this.#kept = Buffer.concat([this.#kept, bytes]);
    this.#forgetLosers();
  }

  /** So much was sent from here on, and no answer came. */
  cutOff(bytes: Buffer): void {
    if (bytes.length > 0) this.#unsettled.push({ offset: this.#kept.length, bytes });
  }

  /** The process that served the requests is gone: nothing changes any more, once it was observed. */
  settled(): void {
    this.#unsettled = [];
  }

  /** The server says that the upload has so many bytes. @throws when nothing that was sent explains it */
  observed(offset: number): void {
    if (offset === this.#kept.length) return;
    if (offset < this.#kept.length)
      throw new Error(`The upload stands at ${offset}, though ${this.#kept.length} bytes were acknowledged.`);
    const added = offset - this.#kept.length;
    const winner = this.#unsettled.find(({ bytes }) => bytes.length >= added);
    if (winner === undefined)
      throw new Error(`The upload stands at ${offset}, and nobody sent what is behind ${this.#kept.length}.`);
    this.acknowledged(winner.bytes.subarray(0, added));
  }

  #forgetLosers(): void {
    this.#unsettled = this.#unsettled.filter(({ offset }) => offset >= this.#kept.length);
  }
}
