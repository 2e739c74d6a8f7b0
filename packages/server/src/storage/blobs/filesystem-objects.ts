import { constants, open } from 'node:fs';
import { mkdir, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { isErrno } from '../../is-errno.ts';
import { isId } from '../../sealing/id-bytes.ts';
import { StorageFailure, type StorageFailureCode } from '../../storage-failure.ts';
import { syncFolder } from '../../sync-folder.ts';
import type { BlobObjects, FreeSpace, ObjectReader, ObjectWriter } from './blob-objects.ts';
import { FilesystemReader } from './filesystem-reader.ts';
import { FilesystemWriter } from './filesystem-writer.ts';
import { OpenFiles } from './open-files.ts';

const createFlags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY;
const openFile = promisify(open);

/** Files that a thread keeps open though nobody reads them: enough for the ranges of the layers of many pulls. */
export const idleFilesMax = 128;

/**
 * Makes the folder of objects and its 256 subfolders durable, so that a later write needs to sync the name of its
 * own file only. Idempotent. Rejects with StorageFailure `prepare_failed`.
 */
export async function prepareFilesystemObjects(root: string): Promise<void> {
  try {
    await mkdir(root, { recursive: true, mode: 0o700 });
    for (let first = 0; first < 256; first++) {
      await mkdir(join(root, first.toString(16).padStart(2, '0')), { recursive: true, mode: 0o700 });
    }
    await syncFolder(root);
    await syncFolder(dirname(root));
  } catch (error) {
    const message = `The folder of objects ${root} can't be made: ${String(error)}`;
    throw new StorageFailure('prepare_failed', message, { cause: error });
  }
}

/**
 * Objects as files below `root`: `<first 2 hexadecimal digits>/<32 digits>` (docs/format.md, "Object"). A file is
 * made O_EXCL under its final name and never renamed: since every attempt has an object of its own there is nothing
 * to replace, and a name without a row means nothing.
 */
export class FilesystemObjects implements BlobObjects {
  readonly #root: string;
  readonly #openFiles: OpenFiles;

  /** `root` was prepared. `filesKeptOpenMax` of 0 closes every file with its last reader. */
  constructor(root: string, options: { filesKeptOpenMax?: number } = {}) {
    this.#root = root;
    this.#openFiles = new OpenFiles({ idleMax: options.filesKeptOpenMax ?? idleFilesMax });
  }

  async create(object: string, signal: AbortSignal): Promise<ObjectWriter> {
    signal.throwIfAborted();
    const path = this.#path(object);
    try {
      const descriptor = await openFile(path, createFlags, 0o600);
      const syncName = () => syncFolder(dirname(path));
      return new FilesystemWriter({ object, descriptor, syncName, removeName: () => this.remove(object) });
    } catch (error) {
      const message = `Object ${object} can't be made: ${String(error)}`;
      throw new StorageFailure(createFailureCode(error), message, { cause: error });
    }
  }

  async openReader(object: string): Promise<ObjectReader> {
    try {
      const file = await this.#openFiles.acquire(this.#path(object));
      return new FilesystemReader({
        object,
        file,
        descriptor: await file.descriptor,
        openFiles: this.#openFiles,
      });
    } catch (error) {
      const code = isErrno(error, 'ENOENT', 'ENOTDIR') ? 'object_missing' : 'read_failed';
      throw new StorageFailure(code, `Object ${object} can't be opened: ${String(error)}`, { cause: error });
    }
  }

  async remove(object: string): Promise<void> {
    const path = this.#path(object);
    try {
      await unlink(path);
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) {
        throw new StorageFailure('remove_failed', `Object ${object} can't be removed: ${String(error)}`, {
          cause: error,
        });
      }
    }
    await this.#openFiles.forget(path);
  }

  async freeSpace(): Promise<FreeSpace> {
    const facts = await statfs(this.#root);
    return { freeBytes: facts.bavail * facts.bsize, totalBytes: facts.blocks * facts.bsize };
  }

  /** Closes the files that are kept open; those being read are closed with their readers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#openFiles.closeIdle();
  }

  #path(object: string): string {
    if (!isId(object)) throw new TypeError(`Not the name of an object: ${JSON.stringify(object)}`);
    return join(this.#root, object.slice(0, 2), object);
  }
}

function createFailureCode(error: unknown): StorageFailureCode {
  if (isErrno(error, 'EEXIST')) return 'object_exists';
  return isErrno(error, 'ENOSPC', 'EDQUOT') ? 'disk_full' : 'create_failed';
}
