import { RegistryError } from '../../errors.ts';
import type { BlobObjects } from './blob-objects.ts';

/** How often the free space is asked for: a second of writing at full speed is a fraction of the smallest reserve. */
const askEveryMs = 500;

/**
 * Keeps some of the disk free, so that pulls, deletes and the database go on when pushes have to stop.
 * It refuses before the disk is full: a full disk would take the database down with it.
 */
export class FreeSpaceGuard implements Disposable {
  readonly #objects: Pick<BlobObjects, 'freeSpace'>;
  readonly #reserveBytes: number;
  readonly #timer: NodeJS.Timeout;
  #freeBytes = Number.POSITIVE_INFINITY;

  constructor(objects: Pick<BlobObjects, 'freeSpace'>, reserveBytes: number) {
    this.#objects = objects;
    this.#reserveBytes = reserveBytes;
    this.#timer = setInterval(() => void this.refresh(), askEveryMs);
    this.#timer.unref();
  }

  /** Asks at once. A file system that can't tell is taken to have room: its own errors say when it has not. */
  async refresh(): Promise<void> {
    try {
      this.#freeBytes = (await this.#objects.freeSpace()).freeBytes;
    } catch {
      this.#freeBytes = Number.POSITIVE_INFINITY;
    }
  }

  /** @throws storage_full when the reserve is reached. */
  check(): void {
    if (this.#freeBytes > this.#reserveBytes) return;
    throw new RegistryError(
      'storage_full',
      'The registry has no room for more: its disk is nearly full. Pulls and deletes go on.',
    );
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
