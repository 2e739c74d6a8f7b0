import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Admission, RouteRequirement } from './admission.ts';
import { requestIdOf } from './request-id.ts';
import { noUrl, type ParsedUrl, type Target } from './target.ts';

/** One request with its answer, from the first header to the last byte, on whichever way through the server. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly encrypted: boolean;
  readonly peerAddress: string;
  /** From `performance.now()`. */
  readonly startedAtMs: number;
  /** Aborted when the client goes away before it has the whole answer, and when the server gives it up. */
  readonly signal: AbortSignal;
  readonly url: ParsedUrl;
  route: RouteRequirement | undefined;
  admission: Admission | undefined;
  /** True until the client was told to send its body (`Expect: 100-continue`). */
  awaitsContinue: boolean;
  /** Bytes of the request's body that were read. */
  bytesIn: number;
  /** The code of the refusal, or the kind of failure, for the log. */
  outcome: string | undefined;
  /** Ends the reading of the body, while it is waited for: the server is closing. */
  interruptBody: (() => void) | undefined;
  /** The answer is complete, and only its client keeps it from being over. */
  answered: boolean;
  /** Tells when the response is closed: all was sent, or nobody is there any more. Each is told, in order. */
  whenClosed(tell: () => void): void;
}

export interface NewExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly awaitsContinue: boolean;
  readonly newId: () => string;
  readonly nowMs: () => number;
}

/** Where a request keeps its exchange: a map from one to the other would be work for the collector at each answer. */
const exchangeKey = Symbol('exchange');
type WithExchange = IncomingMessage & { [exchangeKey]?: Exchange };

/**
 * Begins an exchange. Its URL is given by `locate`, since one that can't be parsed is answered as well.
 * One listener is told of the end and tells all who want to know: listeners of their own cost a small answer dear.
 */
export function openExchange({ request, response, awaitsContinue, newId, nowMs }: NewExchange): Exchange {
  const asked = request.headers['x-request-id'];
  const requestId = requestIdOf(typeof asked === 'string' ? asked : undefined, newId);
  const exchange = new ServedExchange(request, response, requestId);
  exchange.awaitsContinue = awaitsContinue;
  exchange.startedAtMs = nowMs();
  response.on('close', exchange.onClose);
  (request as WithExchange)[exchangeKey] = exchange;
  return exchange;
}

class ServedExchange implements Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly encrypted: boolean;
  readonly peerAddress: string;
  startedAtMs = 0;
  url = noUrl;
  route: RouteRequirement | undefined = undefined;
  admission: Admission | undefined = undefined;
  awaitsContinue = false;
  bytesIn = 0;
  outcome: string | undefined = undefined;
  interruptBody: (() => void) | undefined = undefined;
  answered = false;
  #abort: AbortController | undefined = undefined;
  #closed = false;
  readonly #whenClosed: (() => void)[] = [];

  constructor(request: IncomingMessage, response: ServerResponse, requestId: string) {
    const { socket } = request;
    this.request = request;
    this.response = response;
    this.requestId = requestId;
    this.encrypted = 'encrypted' in socket;
    this.peerAddress = socket.remoteAddress ?? '';
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#closed && !this.response.writableFinished) this.#abort.abort();
    }
    return this.#abort.signal;
  }

  whenClosed(tell: () => void): void {
    this.#whenClosed.push(tell);
  }

  readonly onClose = (): void => {
    this.#closed = true;
    if (!this.response.writableFinished) this.#abort?.abort();
    for (const tell of this.#whenClosed) tell();
  };
}

/** Gives the exchange its URL, once. */
export function locate(exchange: Exchange, url: ParsedUrl): void {
  (exchange as { url: ParsedUrl }).url = url;
}

/** The exchange that a request belongs to. */
export function exchangeOf(request: IncomingMessage): Exchange {
  const exchange = (request as WithExchange)[exchangeKey];
  if (exchange === undefined) throw new TypeError('A request came by another way than through the server.');
  return exchange;
}

/** The admission that the route's hook has obtained. */
export function admissionOf(exchange: Exchange): Admission {
  if (exchange.admission === undefined) throw new TypeError('A handler ran without admission.');
  return exchange.admission;
}

/** The target of a route that serves only this kind. */
export function targetOf<Kind extends Target['kind']>(
  exchange: Exchange,
  kind: Kind,
): Extract<Target, { kind: Kind }> {
  const { target } = exchange.url;
  if (target.kind !== kind) throw new TypeError(`A route of ${kind} was given ${target.kind}.`);
  return target as Extract<Target, { kind: Kind }>;
}

/** The repository that a target names. */
export function repositoryNameOf(target: Target): string | undefined {
  return 'name' in target ? target.name : undefined;
}
