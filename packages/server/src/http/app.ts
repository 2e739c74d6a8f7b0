import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import fastify, { type FastifyInstance, type FastifyPluginCallback, LogController } from 'fastify';
import { RegistryError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Logger } from '../observability/logger.ts';
import type { RequestObserver } from '../observability/metrics.ts';
import { admitExchange, type Doors } from './admit-exchange.ts';
import { canonicalPath } from './canonical-path.ts';
import { commonHeaders } from './common-headers.ts';
import { exchangeOf } from './exchange.ts';
import { answerError } from './oci/translate-error.ts';
import { watchExchange } from './request-log.ts';
import { requirementOf } from './route-requirement.ts';

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

export interface AppOptions {
  readonly doors: Doors;
  readonly log: Logger;
  readonly observer: RequestObserver;
  readonly nowMs: () => number;
  /** Routes, each of which declares its requirement in `config`. */
  readonly surfaces: readonly FastifyPluginCallback[];
  /** Given Fastify's handler, returns the server that will call it. */
  readonly adopt: (handler: RequestHandler) => Server;
}

/**
 * The framework's way through the server: admission before anything else, on every route, and one translator for errors.
 * @throws TypeError for a route that does not declare what it requires
 */
export async function createApp(options: AppOptions): Promise<Pick<FastifyInstance, 'close'>> {
  const { log } = options;
  const app = fastify({
    serverFactory: options.adopt,
    rewriteUrl: (request) => canonicalPath(exchangeOf(request).url) + queryOf(request.url ?? ''),
    routerOptions: { maxParamLength: limits.urlBytesMax },
    // No route has a schema, so that the compilers for them need not be loaded into each thread.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    loggerInstance: log,
    // A logger of its own for each request would be made and never used.
    childLoggerFactory: (logger) => logger,
    logController: new LogController({ disableRequestLogging: true }),
    exposeHeadRoutes: false,
    requestIdHeader: false,
    genReqId: (request) => exchangeOf(request).requestId,
    forceCloseConnections: false,
    return503OnClosing: false,
    frameworkErrors: (error, request) => {
      const badUrl = new RegistryError('bad_request', 'The path can not be decoded.');
      answerError(exchangeOf(request.raw), error.code === 'FST_ERR_BAD_URL' ? badUrl : error, log);
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
  app.addHook('onSend', async (request, reply) => {
    for (const [name, value] of Object.entries(commonHeaders(exchangeOf(request.raw))))
      reply.header(name, value);
  });
  app.setErrorHandler((error, request, reply) => {
    reply.hijack();
    answerError(exchangeOf(request.raw), error, log);
  });
  app.setNotFoundHandler(() => {
    throw new RegistryError('route_unknown', 'There is nothing under this path.');
  });
  for (const surface of options.surfaces) await app.register(surface);
  await app.ready();
  return { close: () => app.close() } as Pick<FastifyInstance, 'close'>;
}

function noSchemas(): never {
  throw new TypeError('A route was given a schema: bodies are parsed by their handlers.');
}

function queryOf(url: string): string {
  const mark = url.indexOf('?');
  return mark < 0 ? '' : url.slice(mark);
}
