import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Admission, RouteRequirement } from './admission.ts';
import { requestIdOf } from './request-id.ts';
import type { ParsedUrl, Target } from './target.ts';

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
}

export interface NewExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly awaitsContinue: boolean;
  readonly newId: () => string;
  readonly nowMs: () => number;
}

const nowhere: ParsedUrl = { target: { kind: 'elsewhere' }, path: '', query: new URLSearchParams() };
const exchanges = new WeakMap<IncomingMessage, Exchange>();

/** Begins an exchange. Its URL is given by `locate`, since one that can't be parsed is answered as well. */
export function openExchange({ request, response, awaitsContinue, newId, nowMs }: NewExchange): Exchange {
  const controller = new AbortController();
  const asked = request.headers['x-request-id'];
  const requestId = requestIdOf(typeof asked === 'string' ? asked : undefined, newId);
  // Whoever reads the header later, such as admission, finds the id that was settled here.
  request.headers['x-request-id'] = requestId;
  const exchange: Exchange = {
    request,
    response,
    requestId,
    encrypted: 'encrypted' in request.socket,
    peerAddress: request.socket.remoteAddress ?? '',
    startedAtMs: nowMs(),
    signal: controller.signal,
    url: nowhere,
    route: undefined,
    admission: undefined,
    awaitsContinue,
    bytesIn: 0,
    outcome: undefined,
    interruptBody: undefined,
  };
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  exchanges.set(request, exchange);
  return exchange;
}

/** Gives the exchange its URL, once. */
export function locate(exchange: Exchange, url: ParsedUrl): void {
  (exchange as { url: ParsedUrl }).url = url;
}

/** The exchange that a request belongs to. */
export function exchangeOf(request: IncomingMessage): Exchange {
  const exchange = exchanges.get(request);
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
