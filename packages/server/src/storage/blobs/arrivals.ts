/** What a source brought next: a piece, or its end with the error that ended it. */
export type Arrival =
  | { readonly piece: Uint8Array; readonly isEnd: false }
  | { readonly isEnd: true; readonly failed: boolean; readonly error: unknown };

/**
 * Takes a source apart piece by piece, with an abort as one more way to end. An error of the source is an answer
 * here and not a throw: what came before it is kept. The source is told when it is left (`return`), and must
 * not be destroyed by that: a request's body must stay alive for the answer to be sent.
 */
export class Arrivals {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #signal: AbortSignal;
  #end: ((arrival: Arrival) => void) | undefined;

  constructor(source: AsyncIterable<Uint8Array>, signal: AbortSignal) {
    this.#iterator = source[Symbol.asyncIterator]();
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort);
  }

  next(): Promise<Arrival> {
    // One listener for all pieces, and no race against one long-lived promise, which would collect a reaction for
    // each piece of a body.
    return new Promise((resolve) => {
      if (this.#signal.aborted) return resolve(failedEnd(this.#signal.reason));
      this.#end = resolve;
      this.#iterator.next().then(
        (result) => resolve(result.done === true ? cleanEnd : { piece: result.value, isEnd: false }),
        (error: unknown) => resolve(failedEnd(error)),
      );
    });
  }

  [Symbol.dispose](): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    // A source that is left before its end may give back what it holds; whether it can is its own affair.
    void this.#iterator.return?.().catch(() => undefined);
  }

  readonly #onAbort = (): void => this.#end?.(failedEnd(this.#signal.reason));
}

const cleanEnd: Arrival = { isEnd: true, failed: false, error: undefined };

function failedEnd(error: unknown): Arrival {
  return { isEnd: true, failed: true, error };
}
