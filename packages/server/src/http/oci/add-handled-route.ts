import type { FastifyInstance } from 'fastify';
import type { RegistryPorts } from '../../registry/registry-ports.ts';
import type { RouteRequirement } from '../admission.ts';
import { admissionOf, exchangeOf } from '../exchange.ts';
import { respond } from '../respond.ts';
import { actorOf, type OciHandler } from './handling.ts';

interface HandledRoute extends RouteRequirement {
  readonly methods: readonly string[];
  readonly path: string;
  readonly handle: OciHandler;
}

/** Adds a route whose answer a handler makes, admission having come before it. */
export function addHandledRoute(app: FastifyInstance, ports: RegistryPorts, route: HandledRoute): void {
  const { methods, path, operation, requires, countsAs, handle } = route;
  app.route({
    method: [...methods],
    url: path,
    config: { operation, requires, ...(countsAs === undefined ? {} : { countsAs }) },
    handler: async (request, reply) => {
      const exchange = exchangeOf(request.raw);
      const admission = admissionOf(exchange);
      const answer = await handle({ exchange, admission, actor: actorOf(admission), ports });
      reply.hijack();
      respond(exchange, answer);
    },
  });
}
