import { read, readSync } from 'node:fs';
import { StorageFailure } from '../../storage-failure.ts';
import type { ObjectReader } from './blob-objects.ts';
import type { OpenFile, OpenFiles } from './open-files.ts';

/** Reads one file that it shares with other readers; the contract is ObjectReader's. */
export class FilesystemReader implements ObjectReader {
  readonly #object: string;
  readonly #file: OpenFile;
  readonly #descriptor: number;
  readonly #openFiles: OpenFiles;
  #isClosed = false;

  constructor(options: { object: string; file: OpenFile; descriptor: number; openFiles: OpenFiles }) {
    this.#object = options.object;
    this.#file = options.file;
    this.#descriptor = options.descriptor;
    this.#openFiles = options.openFiles;
  }

  async read(into: Uint8Array, offset: number): Promise<number> {
    this.#expectOpen();
    let done = 0;
    while (done < into.length) {
      const count = await this.#readOnce(into, done, offset + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  readSync(into: Uint8Array, offset: number): number {
    this.#expectOpen();
    let done = 0;
    try {
      while (done < into.length) {
        const count = readSync(this.#descriptor, into, done, into.length - done, offset + done);
        if (count === 0) break;
        done += count;
      }
    } catch (error) {
      throw this.#failed(error);
    }
    return done;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#openFiles.release(this.#file);
  }

  #readOnce(into: Uint8Array, at: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      read(this.#descriptor, into, at, into.length - at, position, (error, count) =>
        error === null ? resolve(count) : reject(this.#failed(error)),
      );
    });
  }

  /** A closed descriptor's number may belong to another file by now, so a late read must not reach the system. */
  #expectOpen(): void {
    if (this.#isClosed)
      throw new StorageFailure('read_failed', `The reader of object ${this.#object} is closed.`);
  }

  #failed(error: unknown): StorageFailure {
    const message = `Object ${this.#object} can't be read: ${String(error)}`;
    return new StorageFailure('read_failed', message, { cause: error });
  }
}
