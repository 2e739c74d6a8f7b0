/**
 * Counters in memory that all threads share, by which a thread knows whether what it remembers still holds: one for
 * rights, and 4,096 for repositories, picked by a hash of the name. A reader takes the counter before it reads the
 * rows, so that a remembered answer is never newer than its counter.
 *
 * A repository's counter is odd from just before a commit until just after it. Who finds it odd remembers nothing and
 * reads the rows: else one thread could answer from memory what another thread has already been seen to replace.
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

  /** The counter of a repository, named as `registry/name`; undefined while a commit may be changing it. */
  repository(name: string): number | undefined {
    const counter = Atomics.load(this.#counters, slot(name));
    return counter % 2 === 0 ? counter : undefined;
  }

  /** Called by the writer before a commit that changes these repositories; what it returns is called after it. */
  changing(names: Iterable<string>): () => void {
    const slots = new Set<number>();
    for (const name of names) slots.add(slot(name));
    for (const index of slots) Atomics.add(this.#counters, index, 1);
    return () => {
      for (const index of slots) Atomics.add(this.#counters, index, 1);
    };
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
