/**
 * The HTTP server of one serving thread. Every request comes in by `dispatch`: its URL is parsed once, its route is
 * looked up, and then it goes one of two ways, each of which begins with the same admission. GET and HEAD of manifests
 * and blobs go the lean way and only that; everything else goes through Fastify.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import fastify, { type FastifyInstance, type FastifyPluginCallback } from 'fastify';
import { RegistryError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Logger } from '../observability/logger.ts';
import type { RequestObserver } from '../observability/metrics.ts';
import type { RegistryPorts } from '../registry/registry-ports.ts';
import { admitExchange, type Doors } from './admit-exchange.ts';
import { canonicalPath } from './canonical-path.ts';
import { commonHeaders } from './common-headers.ts';
import { type Exchange, exchangeOf, locate, openExchange } from './exchange.ts';
import { HttpRefusal } from './http-refusal.ts';
import { serveLean } from './lean/serve-lean.ts';
import { answerMalformed } from './malformed-request.ts';
import { createOciRoutes } from './oci/oci-routes.ts';
import { findOciRoute, methodsFor } from './oci/routes.ts';
import { answerError } from './oci/translate-error.ts';
import { createOpsRoutes, type OpsChecks } from './ops/ops-routes.ts';
import { watchExchange } from './request-log.ts';
import { requirementOf } from './route-requirement.ts';
import { parseUrl } from './target.ts';

export interface HttpServerOptions {
  readonly doors: Doors;
  readonly ports: RegistryPorts;
  readonly ops: OpsChecks;
  /** Other surfaces, such as the token endpoint. Each of their routes declares its requirement in `config`. */
  readonly surfaces: readonly FastifyPluginCallback[];
  readonly log: Logger;
  readonly observer: RequestObserver;
  /** PEM texts; undefined for plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly newId: () => string;
  /** A clock that never goes back, in milliseconds. */
  readonly nowMs: () => number;
}

export interface HttpServer {
  /** Takes connections by its event `connection`, handed over from elsewhere; or listens itself. */
  readonly server: Server;
  /**
   * No new requests; those that run may end within the time. Then bodies that are still coming are cut off, and what
   * came of them is kept; at last every connection is closed.
   */
  drain(withinMs: number): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** How long requests whose bodies were cut off may take to store what came. */
const storingMs = 5000;

/** Makes a server that does not listen yet. @throws TypeError when a route declares no requirement */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const running = new Set<Exchange>();
  const state: ServerState = { running, draining: false, fastify: () => undefined };
  const server = createNodeServer(options);
  server.on('request', (request, response) => dispatch(options, state, { request, response, awaitsContinue: false }));
  server.on('checkContinue', (request, response) => dispatch(options, state, { request, response, awaitsContinue: true }));
  const app = await createApp(options, (handler) => {
    state.fastify = handler;
    return server;
  });
  return {
    server,
    async drain(withinMs) {
      state.draining = true;
      server.closeIdleConnections();
      await emptied(running, withinMs);
      for (const exchange of running) exchange.interruptBody?.();
      await emptied(running, storingMs);
      server.closeAllConnections();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await app.close();
      server.close();
      // What `listening` began, also where nobody ever listened.
      server.emit('close');
    },
  };
}

interface ServerState {
  readonly running: Set<Exchange>;
  draining: boolean;
  fastify: (request: IncomingMessage, response: ServerResponse) => void;
}

function createNodeServer({ tls }: HttpServerOptions): Server {
  const http = {
    // A long upload may take hours; what is too slow is told by the time in which nothing comes.
    requestTimeout: 0,
    headersTimeout: limits.headersTimeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
    // The parser counts the URL among the headers.
    maxHeaderSize: limits.headerBytesMax + limits.urlBytesMax,
    // Looked at by `refuseBadHost`, which says what is wrong.
    requireHostHeader: false,
    connectionsCheckingInterval: 5000,
  };
  const server = tls === undefined ? createServer(http) : createTlsServer({ ...http, ...tls, minVersion: 'TLSv1.2' });
  server.on('clientError', answerMalformed);
  limitConnections(server, tls === undefined ? 'connection' : 'secureConnection');
  // The watch over slow headers and idle connections starts with this event, but connections are handed to this server.
  server.emit('listening');
  return server;
}

/** Node counts what it accepts itself; these connections were accepted elsewhere. */
function limitConnections(server: Server, event: 'connection' | 'secureConnection'): void {
  let open = 0;
  server.prependListener(event, (socket: Duplex) => {
    open += 1;
    socket.once('close', () => {
      open -= 1;
    });
    if (open > limits.connectionsMax) socket.destroy();
  });
}

function dispatch(
  options: HttpServerOptions,
  state: ServerState,
  arrived: { readonly request: IncomingMessage; readonly response: ServerResponse; readonly awaitsContinue: boolean },
): void {
  const { request, response } = arrived;
  const exchange = openExchange({ ...arrived, newId: options.newId, nowMs: options.nowMs });
  state.running.add(exchange);
  response.once('close', () => state.running.delete(exchange));
  try {
    if (state.draining) throw new HttpRefusal('shutting_down', 'The server is stopping.', { headers: { Connection: 'close' } });
    refuseBadHost(request);
    locate(exchange, parseUrl(request.url ?? '', request.headers.host));
    const { target } = exchange.url;
    if (target.kind === 'elsewhere') return state.fastify(request, response);
    const route = findOciRoute(request.method ?? '', target.kind);
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
function refuseBadHost({ rawHeaders, httpVersionMajor, httpVersionMinor }: IncomingMessage): void {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  const isOld = httpVersionMajor === 1 && httpVersionMinor === 0;
  if (hosts === 1 || (hosts === 0 && isOld)) return;
  throw new HttpRefusal('bad_request', 'A request has exactly one Host header.', { headers: { Connection: 'close' } });
}

function notRouted(exchange: Exchange): RegistryError {
  const methods = methodsFor(exchange.url.target.kind);
  if (methods.length === 0) return new RegistryError('route_unknown', 'There is nothing under this path.');
  const allow = methods.join(', ');
  return new HttpRefusal('method_not_allowed', `The method is not allowed here; these are: ${allow}.`, { headers: { Allow: allow } });
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function createApp(options: HttpServerOptions, adopt: (handler: Handler) => Server): Promise<FastifyInstance> {
  const app = fastify({
    serverFactory: (handler) => adopt(handler),
    rewriteUrl: (request) => canonicalPath(exchangeOf(request).url) + queryOf(request.url ?? ''),
    routerOptions: { maxParamLength: limits.urlBytesMax },
    loggerInstance: options.log,
    disableRequestLogging: true,
    exposeHeadRoutes: false,
    requestIdHeader: false,
    genReqId: (request) => exchangeOf(request).requestId,
    forceCloseConnections: false,
    return503OnClosing: false,
    frameworkErrors: (error, request) => {
      const refusal = new RegistryError('bad_request', 'The path can not be decoded.');
      answerError(exchangeOf(request.raw), error.code === 'FST_ERR_BAD_URL' ? refusal : error, options.log);
    },
  });
  app.addHook('onRoute', (route) => void requirementOf(route));
  app.addHook('onRequest', async (request) => {
    const exchange = exchangeOf(request.raw);
    if (request.is404) return watchExchange(exchange, 'none', options);
    const route = requirementOf({ url: request.routeOptions.url ?? '', config: request.routeOptions.config });
    watchExchange(exchange, route.operation, options);
    await admitExchange(options.doors, exchange, route);
  });
  app.addHook('onSend', async (request, reply) => void reply.headers(commonHeaders(exchangeOf(request.raw)) as Record<string, string | number | string[]>));
  app.setErrorHandler((error, request, reply) => {
    reply.hijack();
    answerError(exchangeOf(request.raw), error, options.log);
  });
  app.setNotFoundHandler(() => {
    throw new RegistryError('route_unknown', 'There is nothing under this path.');
  });
  const exchangeOfRequest = (request: { readonly raw: IncomingMessage }): Exchange => exchangeOf(request.raw);
  await app.register(createOciRoutes(options.ports));
  await app.register(createOpsRoutes(options.ops, exchangeOfRequest));
  for (const surface of options.surfaces) await app.register(surface);
  await app.ready();
  return app as unknown as FastifyInstance;
}

function queryOf(url: string): string {
  const mark = url.indexOf('?');
  return mark < 0 ? '' : url.slice(mark);
}

/** Resolves when nothing runs any more, or the time is over. */
async function emptied(running: ReadonlySet<Exchange>, withinMs: number): Promise<void> {
  const closed = [...running].map((exchange) => new Promise<void>((resolve) => exchange.response.once('close', resolve)));
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, withinMs);
  });
  await Promise.race([Promise.all(closed), over]);
  clearTimeout(timer);
}
