import { isId } from '../../sealing/id-bytes.ts';
import { StorageFailure } from '../../storage-failure.ts';
import type { BlobObjects, FreeSpace, ObjectReader, ObjectWriter } from './blob-objects.ts';

/** Objects in memory, for tests: it passes the port's conformance suite, and forgets everything with the process. */
export class MemoryObjects implements BlobObjects {
  readonly #objects = new Map<string, Buffer>();

  async create(object: string, signal: AbortSignal): Promise<ObjectWriter> {
    signal.throwIfAborted();
    expectId(object);
    if (this.#objects.has(object))
      throw new StorageFailure('object_exists', `Object ${object} is there already.`);
    this.#objects.set(object, Buffer.alloc(0));
    return new MemoryWriter(this.#objects, object);
  }

  async openReader(object: string): Promise<ObjectReader> {
    expectId(object);
    if (!this.#objects.has(object))
      throw new StorageFailure('object_missing', `Object ${object} is not there.`);
    return new MemoryReader(this.#objects, object);
  }

  async remove(object: string): Promise<void> {
    expectId(object);
    this.#objects.delete(object);
  }

  async freeSpace(): Promise<FreeSpace> {
    return { freeBytes: 2 ** 30, totalBytes: 2 ** 31 };
  }
}

class MemoryWriter implements ObjectWriter {
  readonly #objects: Map<string, Buffer>;
  readonly #object: string;
  #isClosed = false;
  offsetBytes = 0;

  constructor(objects: Map<string, Buffer>, object: string) {
    this.#objects = objects;
    this.#object = object;
  }

  async write(pieces: readonly Uint8Array[]): Promise<void> {
    this.#expectOpen();
    const grown = Buffer.concat([this.#objects.get(this.#object) ?? Buffer.alloc(0), ...pieces]);
    this.#objects.set(this.#object, grown);
    this.offsetBytes = grown.length;
  }

  async sync(): Promise<void> {
    this.#expectOpen();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  async abandon(): Promise<void> {
    this.#isClosed = true;
    this.#objects.delete(this.#object);
  }

  #expectOpen(): void {
    if (this.#isClosed)
      throw new StorageFailure('write_failed', `The writer of object ${this.#object} is closed.`);
  }
}

class MemoryReader implements ObjectReader {
  readonly #objects: Map<string, Buffer>;
  readonly #object: string;
  /** What the object held when it was seen last: it is still readable after its removal. */
  #bytes: Buffer = Buffer.alloc(0);
  #isClosed = false;

  constructor(objects: Map<string, Buffer>, object: string) {
    this.#objects = objects;
    this.#object = object;
    this.#bytes = objects.get(object) ?? this.#bytes;
  }

  async read(into: Uint8Array, offset: number): Promise<number> {
    return this.readSync(into, offset);
  }

  readSync(into: Uint8Array, offset: number): number {
    if (this.#isClosed)
      throw new StorageFailure('read_failed', `The reader of object ${this.#object} is closed.`);
    this.#bytes = this.#objects.get(this.#object) ?? this.#bytes;
    const found = this.#bytes.subarray(offset, offset + into.length);
    into.set(found);
    return found.length;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }
}

function expectId(object: string): void {
  if (!isId(object)) throw new TypeError(`Not the name of an object: ${JSON.stringify(object)}`);
}
