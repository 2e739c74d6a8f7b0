import { close, fdatasync, writev } from 'node:fs';
import { promisify } from 'node:util';
import { isErrno } from '../../is-errno.ts';
import { StorageFailure } from '../../storage-failure.ts';
import type { ObjectWriter } from './blob-objects.ts';

const fdatasyncFile = promisify(fdatasync);
const closeFile = promisify(close);

/** Appends to one file that this attempt alone has made; the contract is ObjectWriter's. */
export class FilesystemWriter implements ObjectWriter {
  readonly #object: string;
  readonly #descriptor: number;
  readonly #syncName: () => Promise<void>;
  readonly #removeName: () => Promise<void>;
  readonly #pending = new Set<Promise<void>>();
  #offsetBytes = 0;
  #isNameDurable = false;
  #failure: StorageFailure | undefined;
  #closing: Promise<void> | undefined;

  /** `syncName` makes the file's name durable, `removeName` unlinks it. */
  constructor(options: {
    object: string;
    descriptor: number;
    syncName: () => Promise<void>;
    removeName: () => Promise<void>;
  }) {
    this.#object = options.object;
    this.#descriptor = options.descriptor;
    this.#syncName = options.syncName;
    this.#removeName = options.removeName;
  }

  get offsetBytes(): number {
    return this.#offsetBytes;
  }

  async write(pieces: readonly Uint8Array[]): Promise<void> {
    this.#expectAlive();
    const at = this.#offsetBytes;
    for (const piece of pieces) this.#offsetBytes += piece.length;
    const written = this.#writeAll(pieces, at);
    this.#pending.add(written);
    try {
      await written;
    } catch (error) {
      throw this.#die(isErrno(error, 'ENOSPC', 'EDQUOT') ? 'disk_full' : 'write_failed', error);
    } finally {
      this.#pending.delete(written);
    }
  }

  async sync(): Promise<void> {
    this.#expectAlive();
    await Promise.allSettled(this.#pending);
    try {
      this.#expectAlive();
      await fdatasyncFile(this.#descriptor);
      if (!this.#isNameDurable) await this.#syncName();
      this.#isNameDurable = true;
    } catch (error) {
      throw this.#die('sync_failed', error);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async abandon(): Promise<void> {
    this.#failure ??= new StorageFailure('write_failed', `Object ${this.#object} was abandoned.`);
    await this.close();
    await this.#removeName();
  }

  async #close(): Promise<void> {
    this.#failure ??= new StorageFailure('write_failed', `The writer of object ${this.#object} is closed.`);
    // The descriptor's number must not be given to another file while a write is under way.
    await Promise.allSettled(this.#pending);
    await closeFile(this.#descriptor);
  }

  /** Writes at explicit places, so that two writes under way can't change places and a short one goes on where it ended. */
  async #writeAll(pieces: readonly Uint8Array[], at: number): Promise<void> {
    let rest = pieces.filter((piece) => piece.length > 0);
    let position = at;
    while (rest.length > 0) {
      const written = await writeOnce(this.#descriptor, rest, position);
      if (written === 0) throw new Error('The file takes no more bytes.');
      position += written;
      rest = dropBytes(rest, written);
    }
  }

  #die(code: 'disk_full' | 'write_failed' | 'sync_failed', cause: unknown): StorageFailure {
    this.#failure ??= new StorageFailure(
      code,
      `Object ${this.#object} could not be stored: ${String(cause)}`,
      { cause },
    );
    return this.#failure;
  }

  #expectAlive(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

function writeOnce(descriptor: number, pieces: readonly Uint8Array[], position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    writev(descriptor, pieces, position, (error, written) =>
      error === null ? resolve(written) : reject(error),
    );
  });
}

/** What is left of the pieces when their first `count` bytes are done. */
function dropBytes(pieces: Uint8Array[], count: number): Uint8Array[] {
  let done = count;
  for (const [index, piece] of pieces.entries()) {
    if (piece.length > done) return [piece.subarray(done), ...pieces.slice(index + 1)];
    done -= piece.length;
  }
  return [];
}
