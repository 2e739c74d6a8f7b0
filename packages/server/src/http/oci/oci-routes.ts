import type { FastifyPluginCallback } from 'fastify';
import type { RegistryPorts } from '../../registry/registry-ports.ts';
import { admissionOf, exchangeOf } from '../exchange.ts';
import { respond } from '../respond.ts';
import { type HandledOperation, ociHandlers } from './handlers.ts';
import { actorOf } from './handling.ts';
import { ociRoutes } from './routes.ts';

/** The distribution API, but for the two routes that go the lean way. */
export function createOciRoutes(ports: RegistryPorts): FastifyPluginCallback {
  return (app, _options, done) => {
    app.removeAllContentTypeParsers();
    // Bodies stay unread: a handler that wants one reads it, as a stream.
    app.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null));
    for (const { methods, path, operation, requires, way } of ociRoutes) {
      if (way === 'lean') continue;
      const handle = ociHandlers[operation as HandledOperation];
      app.route({
        method: [...methods],
        url: path,
        config: { operation, requires },
        handler: async (request, reply) => {
          const exchange = exchangeOf(request.raw);
          const admission = admissionOf(exchange);
          const answer = await handle({ exchange, admission, actor: actorOf(admission), ports });
          reply.hijack();
          respond(exchange, answer);
        },
      });
    }
    done();
  };
}
