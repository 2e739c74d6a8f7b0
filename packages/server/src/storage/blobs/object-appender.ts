import type { BlobObjects, ObjectWriter } from './blob-objects.ts';

/** With two writes under way the disk has something to do while the next is sealed; more would only hold memory. */
const pendingWritesMax = 2;

/** An attempt must be able to end its segment when its client is gone, so nobody's abort may stop its object. */
const neverAborted = new AbortController().signal;

/** Appends to one object with a bounded number of writes under way. The first failure is thrown by every later call. */
export class ObjectAppender {
  readonly #writer: ObjectWriter;
  readonly #pending: Promise<void>[] = [];
  #failure: { readonly error: unknown } | undefined;

  private constructor(writer: ObjectWriter) {
    this.#writer = writer;
  }

  static async create(objects: BlobObjects, object: string): Promise<ObjectAppender> {
    return new ObjectAppender(await objects.create(object, neverAborted));
  }

  /** Where the next byte will lie in the object. */
  get offsetBytes(): number {
    return this.#writer.offsetBytes;
  }

  /**
   * Begins to write and resolves when another write may be begun; `settled` is called once the memory is free again,
   * whatever became of the write.
   */
  async write(pieces: readonly Uint8Array[], settled: () => void): Promise<void> {
    if (pieces.length === 0) return settled();
    const write = this.#writer.write(pieces).then(settled, (error: unknown) => {
      this.#failure ??= { error };
      settled();
    });
    this.#pending.push(write);
    while (this.#pending.length >= pendingWritesMax) await this.#awaitOldest();
  }

  /** Resolves when all is durable. */
  async sync(): Promise<void> {
    while (this.#pending.length > 0) await this.#awaitOldest();
    await this.#writer.sync();
  }

  close(): Promise<void> {
    return this.#writer.close();
  }

  /**
   * Ends an attempt that failed, and removes its object unless a row may point to it. Never rejects: the failure that
   * led here is the one to report, and bytes that are left behind mean nothing.
   */
  async giveUp(options: { keepObject: boolean }): Promise<void> {
    await Promise.allSettled([options.keepObject ? this.#writer.close() : this.#writer.abandon()]);
  }

  async #awaitOldest(): Promise<void> {
    await this.#pending.shift();
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
