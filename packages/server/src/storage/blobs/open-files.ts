import { close, open } from 'node:fs';

/**
 * Keeps files open for reading after their readers are closed, so that a blob which is read in many ranges is not
 * opened for each. At most `idleMax` files that nobody reads are kept, those read last; a file in use is never
 * closed. A kept file still takes its space on the disk after it was removed by another thread or process, until
 * enough others are read.
 */
export class OpenFiles {
  readonly #idleMax: number;
  /** Every file that may be shared, by path, the one used least recently first. */
  readonly #files = new Map<string, OpenFile>();
  #idle = 0;

  constructor(options: { idleMax: number }) {
    this.#idleMax = options.idleMax;
  }

  /** Opens a file or shares it. Rejects with the error of `fs.open`. The caller calls `release` once. */
  async acquire(path: string): Promise<OpenFile> {
    const known = this.#files.get(path);
    const file = known ?? { path, descriptor: openDescriptor(path), users: 0, isForgotten: false };
    if (known !== undefined) this.#files.delete(path);
    this.#files.set(path, file);
    if (known !== undefined && file.users === 0) this.#idle -= 1;
    file.users += 1;
    try {
      await file.descriptor;
    } catch (error) {
      // All who waited for this opening get its error; the next one tries again.
      if (this.#files.get(path) === file) this.#files.delete(path);
      throw error;
    }
    return file;
  }

  async release(file: OpenFile): Promise<void> {
    file.users -= 1;
    if (file.users > 0) return;
    if (file.isForgotten) return closeDescriptor(await file.descriptor);
    this.#idle += 1;
    await this.#closeIdleBeyond(this.#idleMax);
  }

  /** Stops sharing a file that was removed; whoever reads it goes on. */
  async forget(path: string): Promise<void> {
    const file = this.#files.get(path);
    if (file === undefined) return;
    this.#files.delete(path);
    file.isForgotten = true;
    if (file.users > 0) return;
    this.#idle -= 1;
    await closeDescriptor(await file.descriptor);
  }

  /** Closes what nobody reads. */
  async closeIdle(): Promise<void> {
    await this.#closeIdleBeyond(0);
  }

  async #closeIdleBeyond(max: number): Promise<void> {
    for (const file of this.#files.values()) {
      if (this.#idle <= max) return;
      if (file.users === 0) await this.forget(file.path);
    }
  }
}

/** A file that is open for reading, and how many readers have it. */
export interface OpenFile {
  readonly path: string;
  readonly descriptor: Promise<number>;
  users: number;
  isForgotten: boolean;
}

function openDescriptor(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    open(path, 'r', (error, descriptor) => (error === null ? resolve(descriptor) : reject(error)));
  });
}

function closeDescriptor(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    close(descriptor, (error) => (error == null ? resolve() : reject(error)));
  });
}
