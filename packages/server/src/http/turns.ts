import type { IncomingMessage, ServerResponse } from 'node:http';
import { limits } from '../limits.ts';

/** A request that has come. */
export interface Arrival {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The client waits to be told to send its body (`Expect: 100-continue`). */
  readonly awaitsContinue: boolean;
  /** It came by the door that serves the managed-identity endpoints and nothing else. */
  readonly metadataOnly?: true;
}

/**
 * Serves the requests of a connection one after another, each in a turn of the event loop of its own. A client that
 * sends thousands without waiting for answers (RFC 9112 section 9.3.2, pipelining) gets one connection's share of the
 * thread, as everybody else. Of what it sends, only so much is read as may wait.
 */
export class Turns {
  readonly #serve: (arrival: Arrival) => void;
  /** Connections on which a request is being served, with those that wait behind it. */
  readonly #waiting = new Map<object, Arrival[] | undefined>();

  constructor(serve: (arrival: Arrival) => void) {
    this.#serve = serve;
  }

  /** `over` must be called for each arrival that was served. */
  take(arrival: Arrival): void {
    const { socket } = arrival.request;
    if (!this.#waiting.has(socket)) {
      this.#waiting.set(socket, undefined);
      return this.#serve(arrival);
    }
    const queue = this.#waiting.get(socket) ?? [];
    if (queue.push(arrival) === 1) this.#waiting.set(socket, queue);
    if (queue.length >= limits.requestsWaitingMax) socket.pause();
  }

  /** The answer to this request is over, so that the next of its connection may be served. */
  over({ socket }: IncomingMessage): void {
    const queue = this.#waiting.get(socket);
    if (queue === undefined || socket.destroyed) return void this.#waiting.delete(socket);
    const next = queue.shift();
    if (queue.length === 0) this.#waiting.set(socket, undefined);
    if (queue.length < limits.requestsWaitingMax && socket.isPaused()) socket.resume();
    if (next === undefined) return;
    // A response that closes before it is served would never be over.
    setImmediate(() => (socket.destroyed ? void this.#waiting.delete(socket) : this.#serve(next)));
  }
}
