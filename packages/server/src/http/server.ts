/**
 * The HTTP server of one serving thread. Every request comes in by `dispatch`: its URL is parsed once, its route is
 * looked up, and then it goes one of two ways, each of which begins with the same admission. GET and HEAD of manifests
 * and blobs go the lean way and only that; everything else goes through Fastify.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { FastifyPluginCallback } from 'fastify';
import { RegistryError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Logger } from '../observability/logger.ts';
import type { RequestObserver } from '../observability/metrics.ts';
import type { RegistryPorts } from '../registry/registry-ports.ts';
import { acrMethodsFor } from './acr-v1/routes.ts';
import type { Doors } from './admit-exchange.ts';
import { createApp, type RequestHandler } from './app.ts';
import { type Exchange, exchangeOf, locate, openExchange } from './exchange.ts';
import { HttpRefusal } from './http-refusal.ts';
import { serveLean } from './lean/serve-lean.ts';
import { isMetadataUrl } from './metadata/metadata-paths.ts';
import { createNodeServer, type TlsFiles } from './node-server.ts';
import { createOciRoutes } from './oci/oci-routes.ts';
import { findOciRoute, methodsFor } from './oci/routes.ts';
import { answerError } from './oci/translate-error.ts';
import { createOpsRoutes, type OpsChecks } from './ops/ops-routes.ts';
import { watchExchange } from './request-log.ts';
import { parseUrl } from './target.ts';
import { type Arrival, Turns } from './turns.ts';
import { watchUntakenAnswers } from './untaken-answers.ts';

export interface HttpServerOptions {
  readonly doors: Doors;
  readonly ports: RegistryPorts;
  readonly ops: OpsChecks;
  /** Other surfaces, such as the token endpoint. Each of their routes declares its requirement in `config`. */
  readonly surfaces: readonly FastifyPluginCallback[];
  readonly log: Logger;
  readonly observer: RequestObserver;
  /** Undefined for plain HTTP. */
  readonly tls: TlsFiles | undefined;
  readonly newId: () => string;
  /** A clock that never goes back, in milliseconds. */
  readonly nowMs: () => number;
}

export interface HttpServer {
  /** Takes connections by its event `connection`, handed over from elsewhere; or listens itself. */
  readonly server: Server;
  /** The same without TLS, for the managed-identity endpoints and nothing else. */
  readonly metadataServer: Server;
  /**
   * No new requests; those that run may end within the time. Then bodies that are still coming are cut off, and what
   * came of them is kept; at last every connection is closed.
   */
  drain(withinMs: number): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

interface ServerState {
  readonly running: Set<Exchange>;
  readonly turns: Turns;
  draining: boolean;
  fastify: RequestHandler;
}

/** Makes a server that does not listen yet. @throws TypeError when a route declares no requirement */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const running = new Set<Exchange>();
  const turns = new Turns((arrival) => dispatch(options, state, arrival));
  const state: ServerState = { running, turns, draining: false, fastify: () => undefined };
  const server = createNodeServer(options.tls);
  server.on('request', (request, response) => turns.take({ request, response, awaitsContinue: false }));
  server.on('checkContinue', (request, response) => turns.take({ request, response, awaitsContinue: true }));
  const metadataServer = createNodeServer(undefined);
  metadataServer.on('request', (request, response) =>
    turns.take({ request, response, awaitsContinue: false, metadataOnly: true }),
  );
  const untaken = watchUntakenAnswers(running, limits.responseIdleMs);
  const own = [
    createOciRoutes(options.ports),
    createOpsRoutes(options.ops, (request) => exchangeOf(request.raw)),
  ];
  const app = await createApp({
    ...options,
    surfaces: [...own, ...options.surfaces],
    adopt(handler) {
      state.fastify = handler;
      return server;
    },
  });
  return {
    server,
    metadataServer,
    async drain(withinMs) {
      state.draining = true;
      for (const each of [server, metadataServer]) each.closeIdleConnections();
      await emptied(running, withinMs);
      for (const exchange of running) exchange.interruptBody?.();
      await emptied(running, limits.interruptedStoringMs);
      for (const each of [server, metadataServer]) each.closeAllConnections();
    },
    async [Symbol.asyncDispose]() {
      untaken[Symbol.dispose]();
      for (const each of [server, metadataServer]) each.closeAllConnections();
      await app.close();
      // Also ends the watch that `listening` began where nobody ever listened.
      for (const each of [server, metadataServer]) each.close();
    },
  };
}

function dispatch(options: HttpServerOptions, state: ServerState, arrival: Arrival): void {
  const { request, response } = arrival;
  const exchange = openExchange({ ...arrival, newId: options.newId, nowMs: options.nowMs });
  state.running.add(exchange);
  exchange.whenClosed(() => {
    state.running.delete(exchange);
    state.turns.over(request);
  });
  try {
    if (state.draining) throw closing('shutting_down', 'The server is stopping.');
    refuseBadHost(request);
    if (arrival.metadataOnly === true && !isMetadataUrl(request.url)) throw notAtThisDoor();
    locate(exchange, parseUrl(request.url ?? '', request.headers.host));
    const { target } = exchange.url;
    if (target.kind === 'elsewhere') return state.fastify(request, response);
    const method = request.method ?? '';
    if (acrMethodsFor(target.kind).includes(method)) return state.fastify(request, response);
    const route = findOciRoute(method, target.kind);
    if (route === undefined) throw notRouted(exchange);
    if (route.way === 'fastify') return state.fastify(request, response);
    watchExchange(exchange, route.operation, options);
    serveLean(exchange, route, options).catch((error: unknown) => answerError(exchange, error, options.log));
  } catch (error) {
    watchExchange(exchange, 'none', options);
    answerError(exchange, error, options.log);
  }
}

/** RFC 9112 section 3.2: two Host headers, or none, may be an attempt to reach one tenant under another's name. */
function refuseBadHost({ rawHeaders, httpVersion }: IncomingMessage): void {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  if (hosts === 1 || (hosts === 0 && httpVersion === '1.0')) return;
  throw closing('bad_request', 'A request has exactly one Host header.');
}

function notRouted(exchange: Exchange): RegistryError {
  const { kind } = exchange.url.target;
  const methods = [...methodsFor(kind), ...acrMethodsFor(kind)];
  if (methods.length === 0) return new RegistryError('route_unknown', 'There is nothing under this path.');
  const allow = methods.join(', ');
  const message = `The method is not allowed here; these are: ${allow}.`;
  return new HttpRefusal('method_not_allowed', message, { headers: { Allow: allow } });
}

const notAtThisDoor = (): RegistryError =>
  new RegistryError('route_unknown', 'Here are the managed-identity endpoints and nothing else.');

/** A refusal after which the connection is of no use. */
const closing = (code: 'shutting_down' | 'bad_request', message: string): HttpRefusal =>
  new HttpRefusal(code, message, { headers: { Connection: 'close' } });

/** Resolves when nothing runs any more, or the time is over. */
async function emptied(running: ReadonlySet<Exchange>, withinMs: number): Promise<void> {
  const closed = [...running].map(
    (exchange) => new Promise<void>((resolve) => exchange.response.once('close', resolve)),
  );
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, withinMs);
  });
  await Promise.race([Promise.all(closed), over]);
  clearTimeout(timer);
}
