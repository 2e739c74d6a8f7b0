import { connect } from 'node:net';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';

/** A blob to be pulled: the path of its URL, the headers to ask with, and what must come. */
export interface ExpectedBlob {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
}

export interface PullResult {
  readonly wholeBlobs: number;
  readonly bytesChecked: number;
  readonly wrongBytes: number;
  /** True when the connection broke before all had come and it was not we who broke it. */
  readonly broken: boolean;
}

export interface PullOptions {
  readonly port: number;
  /** Asked for at once, on one connection, so that the server has more to send than the system's buffers take. */
  readonly blobs: readonly ExpectedBlob[];
  /** Reads nothing for so long, and then again after each 256 KiB. */
  readonly pauseMs: number;
  /** Breaks the connection when so many bytes have come. */
  readonly giveUpAfterBytes?: number;
}

/** Pulls blobs over one connection and compares every byte that comes, whether or not the rest ever does. */
export async function pullChecked(options: PullOptions): Promise<PullResult> {
  const { port, blobs, pauseMs, giveUpAfterBytes = Number.POSITIVE_INFINITY } = options;
  const socket = connect({ port, host: '127.0.0.1' });
  // Whoever reads sees the error.
  socket.on('error', () => undefined);
  for (const { path, headers } of blobs) {
    const lines = Object.entries({ host: 'localhost', ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  }
  await sleep(pauseMs);
  const answers = new CheckedAnswers(blobs);
  let sinceBytes = 0;
  try {
    for await (const piece of socket as AsyncIterable<Buffer>) {
      answers.take(piece);
      if (answers.done || answers.bytesTaken >= giveUpAfterBytes) break;
      sinceBytes += piece.length;
      if (sinceBytes > 256 * 1024 && pauseMs > 0) {
        sinceBytes = 0;
        await sleep(1);
      } else await turn();
    }
  } catch (error) {
    if (!brokenCodes.has(String((error as { code?: string }).code))) throw error;
  } finally {
    socket.resetAndDestroy();
  }
  const { wholeBlobs, bytesChecked, wrongBytes, done, bytesTaken } = answers;
  return { wholeBlobs, bytesChecked, wrongBytes, broken: !done && bytesTaken < giveUpAfterBytes };
}

/** How a connection ends whose other side has died, while we read and while we still ask. */
const brokenCodes = new Set(['ECONNRESET', 'EPIPE']);

const headersEnd = Buffer.from('\r\n\r\n');

/** Takes answers apart as they come and compares their bodies. */
class CheckedAnswers {
  readonly #blobs: readonly ExpectedBlob[];
  #head = Buffer.alloc(0);
  /** Where the body of the current answer stands; undefined while its headers come. */
  #at: number | undefined;
  wholeBlobs = 0;
  bytesChecked = 0;
  wrongBytes = 0;
  bytesTaken = 0;

  constructor(blobs: readonly ExpectedBlob[]) {
    this.#blobs = blobs;
  }

  get done(): boolean {
    return this.wholeBlobs === this.#blobs.length;
  }

  take(piece: Buffer): void {
    this.bytesTaken += piece.length;
    let rest = piece;
    while (rest.length > 0 && !this.done)
      rest = this.#at === undefined ? this.#takeHead(rest) : this.#takeBody(rest);
  }

  #takeHead(piece: Buffer): Buffer {
    this.#head = Buffer.concat([this.#head, piece]);
    const end = this.#head.indexOf(headersEnd);
    if (end < 0) return Buffer.alloc(0);
    const text = this.#head.subarray(0, end).toString('latin1');
    const rest = this.#head.subarray(end + headersEnd.length);
    const { bytes } = this.#expected();
    if (
      !text.startsWith('HTTP/1.1 200 ') ||
      !new RegExp(`\\r\\ncontent-length: ${bytes.length}\\r`, 'i').test(`${text}\r`)
    )
      throw new Error(`An answer that was not expected: ${text}`);
    this.#head = Buffer.alloc(0);
    this.#at = 0;
    return rest;
  }

  #takeBody(piece: Buffer): Buffer {
    const { bytes } = this.#expected();
    const at = this.#at ?? 0;
    const came = piece.subarray(0, bytes.length - at);
    const wanted = bytes.subarray(at, at + came.length);
    if (!came.equals(wanted)) this.wrongBytes += came.filter((byte, index) => byte !== wanted[index]).length;
    this.bytesChecked += came.length;
    this.#at = at + came.length;
    if (this.#at === bytes.length) {
      this.wholeBlobs += 1;
      this.#at = undefined;
    }
    return piece.subarray(came.length);
  }

  #expected(): ExpectedBlob {
    const blob = this.#blobs[this.wholeBlobs];
    if (blob === undefined) throw new Error('More came than was asked for.');
    return blob;
  }
}
