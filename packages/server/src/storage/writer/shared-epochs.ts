/**
 * Counters in memory that all threads share, by which a thread knows whether what it remembers still holds: one for
 * rights, and 4,096 for repositories, picked by a hash of the name. The writer moves them after a commit and before
 * the acknowledgement; a reader takes the counter before it reads the rows, so that a remembered answer is never
 * newer than its counter.
 */
const repositoryCounters = 4096;

export class SharedEpochs {
  readonly buffer: SharedArrayBuffer;
  readonly #counters: Int32Array;

  constructor(
    buffer: SharedArrayBuffer = new SharedArrayBuffer(
      (1 + repositoryCounters) * Int32Array.BYTES_PER_ELEMENT,
    ),
  ) {
    this.buffer = buffer;
    this.#counters = new Int32Array(buffer);
  }

  /** The rights epoch: principals, settings, keys and passwords that were read under it still hold while it stands. */
  current(): number {
    return Atomics.load(this.#counters, 0);
  }

  moveRights(): void {
    Atomics.add(this.#counters, 0, 1);
  }

  /** The counter of a repository, named as `registry/name`; others may share it. */
  repository(name: string): number {
    return Atomics.load(this.#counters, slot(name));
  }

  moveRepository(name: string): void {
    Atomics.add(this.#counters, slot(name), 1);
  }
}

/** FNV-1a, folded into the table. */
function slot(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  return 1 + ((hash >>> 0) % repositoryCounters);
}
