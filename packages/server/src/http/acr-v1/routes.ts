import type { Requirement, RouteRequirement } from '../admission.ts';
import type { TargetKind } from '../target.ts';

interface AcrRoute extends RouteRequirement {
  readonly operation: AcrOperation;
  readonly method: 'GET' | 'PATCH' | 'DELETE' | 'POST';
  readonly target: TargetKind;
  /** The path as a router knows it; a repository's name is one encoded segment in it. */
  readonly path: string;
}

const read: Requirement = { kind: 'repository', action: 'metadata_read' };
const write: Requirement = { kind: 'repository', action: 'metadata_write' };
const remove: Requirement = { kind: 'repository', action: 'delete' };
/** Any login: whoever asks for a feature that is off is told so, whatever his rights. */
const login: Requirement = { kind: 'login' };

const catalog = { target: 'acrCatalog', path: '/acr/v1/_catalog' } as const;
const repository = { target: 'acrRepository', path: '/acr/v1/:name' } as const;
const tags = { target: 'acrTags', path: '/acr/v1/:name/_tags' } as const;
const tag = { target: 'acrTag', path: '/acr/v1/:name/_tags/:tag' } as const;
const manifests = { target: 'acrManifests', path: '/acr/v1/:name/_manifests' } as const;
const manifest = { target: 'acrManifest', path: '/acr/v1/:name/_manifests/:digest' } as const;
const explanation = { target: 'acrExplanation', path: '/acr/v1/_access/explain' } as const;
const deleted = { target: 'acrDeleted', path: '/acr/v1/_deleted' } as const;

/** ACR's own interface to its content, by the names of its specification where that has one. */
const table = [
  {
    operation: 'ContainerRegistry_GetRepositories',
    method: 'GET',
    ...catalog,
    requires: { kind: 'catalog' },
  },
  { operation: 'ContainerRegistry_GetProperties', method: 'GET', ...repository, requires: read },
  { operation: 'ContainerRegistry_UpdateProperties', method: 'PATCH', ...repository, requires: write },
  { operation: 'ContainerRegistry_DeleteRepository', method: 'DELETE', ...repository, requires: remove },
  { operation: 'ContainerRegistry_GetTags', method: 'GET', ...tags, requires: read },
  { operation: 'ContainerRegistry_GetTagProperties', method: 'GET', ...tag, requires: read },
  { operation: 'ContainerRegistry_UpdateTagAttributes', method: 'PATCH', ...tag, requires: write },
  { operation: 'ContainerRegistry_DeleteTag', method: 'DELETE', ...tag, requires: remove },
  { operation: 'ContainerRegistry_GetManifests', method: 'GET', ...manifests, requires: read },
  { operation: 'ContainerRegistry_GetManifestProperties', method: 'GET', ...manifest, requires: read },
  { operation: 'ContainerRegistry_UpdateManifestProperties', method: 'PATCH', ...manifest, requires: write },
  { operation: 'acr.deleteManifest', method: 'DELETE', ...manifest, requires: remove },
  { operation: 'acr.explainAccess', method: 'GET', ...explanation, requires: { kind: 'owner' } },
  { operation: 'acr.listDeleted', method: 'GET', ...deleted, requires: login },
  { operation: 'acr.restoreDeleted', method: 'POST', ...deleted, requires: login },
] as const satisfies readonly (Omit<AcrRoute, 'operation'> & { readonly operation: string })[];

export type AcrOperation = (typeof table)[number]['operation'];

export const acrRoutes: readonly AcrRoute[] = table;

/** What may be asked of a target; empty for one that is not of this surface. */
export function acrMethodsFor(target: TargetKind): readonly string[] {
  return methods.get(target) ?? [];
}

const methods = new Map<TargetKind, readonly string[]>(
  Map.groupBy(acrRoutes, (route) => route.target)
    .entries()
    .map(([target, routes]) => [target, routes.map((route) => route.method)]),
);
