import type { Requirement, RouteRequirement } from '../admission.ts';
import type { TargetKind } from '../target.ts';

/** What serves a route: `lean` is node:http alone, for the two that all pulls consist of; each is served there only. */
export type Way = 'lean' | 'fastify';

export interface OciRoute extends RouteRequirement {
  readonly operation: OciOperation;
  readonly methods: readonly string[];
  readonly target: TargetKind;
  /** The path as a router knows it; a repository's name is one encoded segment in it. */
  readonly path: string;
  readonly way: Way;
}

const pull: Requirement = { kind: 'repository', action: 'pull' };
const push: Requirement = { kind: 'repository', action: 'push' };
const pushOn: Requirement = { kind: 'repository', action: 'push', acceptsExpired: true };
const remove: Requirement = { kind: 'repository', action: 'delete' };
const listTags: Requirement = { kind: 'repository', action: 'metadata_read' };

const manifests = '/v2/:name/manifests/:reference';
const blobs = '/v2/:name/blobs/:digest';
const uploads = '/v2/:name/blobs/uploads/';
const upload = '/v2/:name/blobs/uploads/:token';

/** The endpoints of the OCI distribution specification, by its own ids. */
const table = [
  {
    operation: 'oci.end-1',
    methods: ['GET', 'HEAD'],
    target: 'base',
    path: '/v2/',
    requires: { kind: 'login' },
    way: 'fastify',
  },
  {
    operation: 'oci.end-2',
    methods: ['GET', 'HEAD'],
    target: 'blob',
    path: blobs,
    requires: pull,
    way: 'lean',
  },
  {
    operation: 'oci.end-3',
    methods: ['GET', 'HEAD'],
    target: 'manifest',
    path: manifests,
    requires: pull,
    way: 'lean',
  },
  // Also end-11, a mount: it becomes an upload when there is nothing to mount.
  {
    operation: 'oci.end-4',
    methods: ['POST'],
    target: 'uploads',
    path: uploads,
    requires: push,
    way: 'fastify',
  },
  {
    operation: 'oci.end-5',
    methods: ['PATCH'],
    target: 'upload',
    path: upload,
    requires: pushOn,
    way: 'fastify',
  },
  {
    operation: 'oci.end-6',
    methods: ['PUT'],
    target: 'upload',
    path: upload,
    requires: pushOn,
    way: 'fastify',
  },
  {
    operation: 'oci.end-7',
    methods: ['PUT'],
    target: 'manifest',
    path: manifests,
    requires: push,
    way: 'fastify',
  },
  {
    operation: 'oci.end-8',
    methods: ['GET', 'HEAD'],
    target: 'tags',
    path: '/v2/:name/tags/list',
    requires: listTags,
    way: 'fastify',
  },
  {
    operation: 'oci.end-9',
    methods: ['DELETE'],
    target: 'manifest',
    path: manifests,
    requires: remove,
    way: 'fastify',
  },
  {
    operation: 'oci.end-10',
    methods: ['DELETE'],
    target: 'blob',
    path: blobs,
    requires: remove,
    way: 'fastify',
  },
  {
    operation: 'oci.end-12',
    methods: ['GET', 'HEAD'],
    target: 'referrers',
    path: '/v2/:name/referrers/:digest',
    requires: pull,
    countsAs: 'ListReferrers',
    way: 'fastify',
  },
  {
    operation: 'oci.end-13',
    methods: ['GET', 'HEAD'],
    target: 'upload',
    path: upload,
    requires: pushOn,
    way: 'fastify',
  },
  {
    operation: 'oci.end-14',
    methods: ['DELETE'],
    target: 'upload',
    path: upload,
    requires: pushOn,
    way: 'fastify',
  },
  // Not in the specification any more, and in every registry.
  {
    operation: 'oci.catalog',
    methods: ['GET', 'HEAD'],
    target: 'catalog',
    path: '/v2/_catalog',
    requires: { kind: 'catalog' },
    way: 'fastify',
  },
] as const satisfies readonly (Omit<OciRoute, 'operation'> & { readonly operation: string })[];

export type OciOperation = (typeof table)[number]['operation'];

export const ociRoutes: readonly OciRoute[] = table;

const byTarget = new Map<string, OciRoute>(
  ociRoutes.flatMap((route) => route.methods.map((method) => [`${method} ${route.target}`, route] as const)),
);

/** The route for a method on a target, or undefined: there is no default that could let an unknown method through. */
export function findOciRoute(method: string, target: TargetKind): OciRoute | undefined {
  return byTarget.get(`${method} ${target}`);
}

/** What may be asked of a target; empty for none at all. */
export function methodsFor(target: TargetKind): readonly string[] {
  return ociRoutes.filter((route) => route.target === target).flatMap((route) => route.methods);
}
