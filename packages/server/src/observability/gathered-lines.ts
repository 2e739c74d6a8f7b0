import { writeSync } from 'node:fs';

/** Lines are written together when this much has gathered, or after this time: a write for each costs a tenth of a small answer. */
const gatheredCharsMax = 32 * 1024;
const gatheredMs = 250;
/** pino's number of `error`; what is as grave has this or more. */
const errorLevel = 50;
/** How long a reader of the log that takes nothing may hold the server up; then lines are lost rather than requests. */
const fullWaitMs = 5;
const fullTriesMax = 200;

/**
 * Where pino writes: a file descriptor, several lines at a time. Errors are written at once, with everything before
 * them, so that what led to a crash is there. No sync of the file: a log is not worth one.
 */
export class GatheredLines {
  /** The level of the line that is about to be written: pino tells it to whoever carries its mark. */
  lastLevel = 0;
  readonly #descriptor: number;
  readonly #format: (line: string) => string;
  readonly #timer: NodeJS.Timeout;
  #gathered = '';

  /** @param format makes what is written of a line of JSON. */
  constructor(descriptor: number, format: (line: string) => string) {
    this.#descriptor = descriptor;
    this.#format = format;
    Object.assign(this, { [Symbol.for('pino.metadata')]: true });
    this.#timer = setInterval(() => this.flushSync(), gatheredMs);
    this.#timer.unref();
  }

  write(line: string): void {
    this.#gathered += this.#format(line);
    if (this.#gathered.length >= gatheredCharsMax || this.lastLevel >= errorLevel) this.flushSync();
  }

  flush(): void {
    this.flushSync();
  }

  flushSync(): void {
    if (this.#gathered === '') return;
    const bytes = Buffer.from(this.#gathered);
    this.#gathered = '';
    let at = 0;
    for (let tries = 0; at < bytes.length && tries < fullTriesMax; tries += 1)
      at += this.#writeSome(bytes, at);
  }

  /** How many bytes were taken; none while the pipe is full, after a moment's wait. */
  #writeSome(bytes: Buffer, at: number): number {
    try {
      return writeSync(this.#descriptor, bytes, at);
    } catch (error) {
      if ((error as { code?: string }).code === 'EAGAIN') {
        Atomics.wait(waiting, 0, 0, fullWaitMs);
        return 0;
      }
      // Nobody reads the log any more; the server goes on without it.
      return bytes.length - at;
    }
  }
}

const waiting = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
