import type { IncomingMessage } from 'node:http';
import { limits } from '../limits.ts';
import { BodyInterrupted } from '../registry/body-interrupted.ts';
import { bodyLength } from './body-length.ts';
import type { Exchange } from './exchange.ts';

type Piece = IteratorResult<Buffer, undefined>;

/**
 * A request's body as it comes, once. An iterator by hand: Node's own, with a timer and a listener for each piece, was
 * a tenth of the time of a large push. Left before its end, it leaves the request as it is, because its connection
 * carries the answer.
 */
export class BodyPieces implements AsyncIterableIterator<Buffer, undefined> {
  readonly #exchange: Exchange;
  readonly #request: IncomingMessage;
  #state: 'unread' | 'open' | 'over' = 'unread';
  #waiting: PromiseWithResolvers<Piece> | undefined;
  #interruption: BodyInterrupted | undefined;
  /** Runs while the client is waited for; in between, while its bytes are stored, its end means nothing. */
  #idle: NodeJS.Timeout | undefined;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#request = exchange.request;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<Piece> {
    if (this.#state === 'unread') this.#begin();
    return this.#take() ?? (await this.#wait());
  }

  async return(): Promise<Piece> {
    this.#end();
    return over;
  }

  #begin(): void {
    const { response } = this.#exchange;
    if (bodyLength(this.#request) === 0) {
      this.#state = 'over';
      return;
    }
    this.#state = 'open';
    if (this.#exchange.awaitsContinue) response.writeContinue();
    this.#exchange.awaitsContinue = false;
    this.#exchange.interruptBody = () => this.#interrupt(new BodyInterrupted('closing'));
    this.#request.on('readable', this.#look);
    this.#request.on('end', this.#look);
    this.#request.on('error', this.#onError);
    this.#request.on('close', this.#onClose);
  }

  /** What is there already, or how the body has ended. */
  #take(): Piece | undefined {
    if (this.#state === 'over') return over;
    const piece = this.#request.read() as Buffer | null;
    if (piece !== null) {
      this.#exchange.bytesIn += piece.length;
      return { value: piece, done: false };
    }
    if (this.#request.readableEnded) {
      this.#end();
      return over;
    }
    if (this.#interruption === undefined && this.#request.destroyed) this.#onClose();
    if (this.#interruption === undefined) return undefined;
    this.#end();
    throw this.#interruption;
  }

  #wait(): Promise<Piece> {
    if (this.#idle === undefined) {
      this.#idle = setTimeout(() => this.#onIdle(), limits.bodyIdleMs);
      // The connection keeps the process alive, if anything has to.
      this.#idle.unref();
    } else this.#idle.refresh();
    this.#waiting = Promise.withResolvers<Piece>();
    return this.#waiting.promise;
  }

  #onIdle(): void {
    if (this.#waiting !== undefined) this.#interrupt(new BodyInterrupted('too_slow'));
  }

  readonly #look = (): void => {
    if (this.#waiting === undefined) return;
    const { resolve, reject } = this.#waiting;
    try {
      const piece = this.#take();
      if (piece === undefined) return;
      this.#waiting = undefined;
      resolve(piece);
    } catch (error) {
      this.#waiting = undefined;
      reject(error as BodyInterrupted);
    }
  };

  readonly #onError = (cause: Error): void => this.#interrupt(new BodyInterrupted('gone', { cause }));

  /** Comes behind the body's end too, and then says nothing. */
  readonly #onClose = (): void => {
    if (!this.#request.readableEnded) this.#interrupt(new BodyInterrupted('gone'));
  };

  /** What came is taken first; then the body ends with this. */
  #interrupt(why: BodyInterrupted): void {
    this.#interruption ??= why;
    this.#look();
  }

  #end(): void {
    this.#state = 'over';
    this.#exchange.interruptBody = undefined;
    clearTimeout(this.#idle);
    this.#request.off('readable', this.#look);
    this.#request.off('end', this.#look);
    this.#request.off('close', this.#onClose);
    // The listener for errors stays: an error that nobody listens to would end the process.
  }
}

const over: Piece = { value: undefined, done: true };
