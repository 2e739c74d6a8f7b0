import type { FastifyPluginCallback } from 'fastify';
import type { RegistryPorts } from '../../registry/registry-ports.ts';
import { leaveBodiesUnread } from '../leave-bodies-unread.ts';
import { addHandledRoute } from './add-handled-route.ts';
import { type HandledOperation, ociHandlers } from './handlers.ts';
import { ociRoutes } from './routes.ts';

/** The distribution API, but for the two routes that go the lean way. */
export function createOciRoutes(ports: RegistryPorts): FastifyPluginCallback {
  return (app, _options, done) => {
    leaveBodiesUnread(app);
    for (const route of ociRoutes) {
      if (route.way === 'lean') continue;
      const handle = ociHandlers[route.operation as HandledOperation];
      addHandledRoute(app, ports, { ...route, handle });
    }
    done();
  };
}
