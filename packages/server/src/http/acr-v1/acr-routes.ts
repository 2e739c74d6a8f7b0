import type { FastifyPluginCallback } from 'fastify';
import type { RegistryPorts } from '../../registry/registry-ports.ts';
import { leaveBodiesUnread } from '../leave-bodies-unread.ts';
import { addHandledRoute } from '../oci/add-handled-route.ts';
import type { OciHandler } from '../oci/handling.ts';
import { featureOff } from './deleted.ts';
import { explain } from './explain.ts';
import { deleteManifest, getManifest, getManifests, patchManifest } from './manifests.ts';
import { deleteRepositoryByName, getCatalog, getRepository, patchRepository } from './repositories.ts';
import { type AcrOperation, acrRoutes } from './routes.ts';
import { deleteTag, getTag, getTags, patchTag } from './tags.ts';

/** A route without a handler does not compile. */
const handlers = {
  ContainerRegistry_GetRepositories: getCatalog,
  ContainerRegistry_GetProperties: getRepository,
  ContainerRegistry_UpdateProperties: patchRepository,
  ContainerRegistry_DeleteRepository: deleteRepositoryByName,
  ContainerRegistry_GetTags: getTags,
  ContainerRegistry_GetTagProperties: getTag,
  ContainerRegistry_UpdateTagAttributes: patchTag,
  ContainerRegistry_DeleteTag: deleteTag,
  ContainerRegistry_GetManifests: getManifests,
  ContainerRegistry_GetManifestProperties: getManifest,
  ContainerRegistry_UpdateManifestProperties: patchManifest,
  'acr.deleteManifest': deleteManifest,
  'acr.explainAccess': explain,
  'acr.listDeleted': featureOff,
  'acr.restoreDeleted': featureOff,
} as const satisfies Record<AcrOperation, OciHandler>;

/** ACR's own interface. Its errors have the form of the distribution API's, so they have the same translator. */
export function createAcrRoutes(ports: RegistryPorts): FastifyPluginCallback {
  return (app, _options, done) => {
    leaveBodiesUnread(app);
    for (const { method, path, operation, requires } of acrRoutes)
      addHandledRoute(app, ports, {
        methods: [method],
        path,
        operation,
        requires,
        handle: handlers[operation],
      });
    done();
  };
}
