import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Where a client connects to, and who it is. */
export interface Door {
  readonly port: number;
  readonly authorization: string;
}

export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: Buffer;
}

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** What Content-Length says, where the body comes otherwise or not at all. */
  readonly bodyBytes?: number;
}

/** Opens a connection that reads nothing by itself. */
export async function openSocket({ port }: Door): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  return socket;
}

/** The head of a request, as bytes go over the wire. */
export function headOf({ authorization }: Door, request: RawRequest): string {
  const length = request.bodyBytes ?? request.body?.length;
  const headers = {
    Host: 'localhost',
    Authorization: authorization,
    ...(length !== undefined && { 'Content-Length': String(length) }),
    ...request.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${request.method} ${request.path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/**
 * A client with one kept connection: a thousand of them cost this process little. Answers must say their length; they
 * come in the order of the requests, which may be sent before the answers to others have come.
 */
export class RawClient implements Disposable {
  readonly socket: Socket;
  readonly #door: Door;
  readonly #waiting: { resolve(answer: RawAnswer): void; reject(error: Error): void }[] = [];
  #received: Buffer = Buffer.alloc(0);

  private constructor(door: Door, socket: Socket) {
    this.#door = door;
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('The connection was closed.'));
    });
  }

  static async open(door: Door): Promise<RawClient> {
    return new RawClient(door, await openSocket(door));
  }

  /** Rejects when the connection ends before the answer has come. */
  ask(request: RawRequest): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      if (this.socket.destroyed) return reject(new Error('The connection is closed.'));
      this.#waiting.push({ resolve, reject });
      this.socket.write(headOf(this.#door, request));
      if (request.body !== undefined) this.socket.write(request.body);
    });
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #take(bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    for (;;) {
      const end = this.#received.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = this.#received.toString('latin1', 0, end);
      const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
      const whole = end + 4 + length;
      if (this.#received.length < whole) return;
      const body = this.#received.subarray(end + 4, whole);
      this.#received = this.#received.subarray(whole);
      this.#waiting.shift()?.resolve({ status: Number(head.slice(9, 12)), head, body });
    }
  }
}
