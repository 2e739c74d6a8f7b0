/**
 * The seam that every route goes through, on the Fastify path and on the lean one: `admit()` knows the host, the
 * caller, his rights, the network and the rate, or refuses. A route declares what it requires; one that doesn't
 * declare it keeps the server from starting.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Caller, RepositoryAction } from '../access/authorise.ts';
import type { RegistryRow } from '../registry/metadata-reader.ts';
import type { CallCategory } from '../registry/tiers.ts';

/** What a route asks of its caller. */
export type Requirement =
  /** Nothing at all, not even a known host: liveness. */
  | { readonly kind: 'nothing' }
  /** An address in `--metrics-from`. */
  | { readonly kind: 'operator-address' }
  /** One of our hosts or that of Azure's metadata service; the route itself finds out who calls. */
  | { readonly kind: 'metadata' }
  /** A host that names a registry; the route itself checks credentials (the token endpoint). */
  | { readonly kind: 'host' }
  /** Valid credentials of any kind: `GET /v2/`. */
  | { readonly kind: 'login' }
  | { readonly kind: 'catalog' }
  /** Whoever gives roles on the registry, and its admin user. */
  | { readonly kind: 'owner' }
  | {
      readonly kind: 'repository';
      readonly action: RepositoryAction;
      /** A token that has expired may go on with its own upload, while its principal may still push. */
      readonly acceptsExpired?: true;
    };

/** Declared with every route: its name in logs, metrics and events, and what it requires. */
export interface RouteRequirement {
  /** The specification's name for it, such as `oci.end-7` or `oauth2.token`. */
  readonly operation: string;
  readonly requires: Requirement;
  /** What its calls are counted as, where the method does not say it. */
  readonly countsAs?: CallCategory;
}

/** What admission needs to know of a request, whichever path it came by. */
export interface RequestFacts {
  readonly method: string;
  readonly requestId: string;
  readonly headers: IncomingHttpHeaders;
  /** The socket's peer, and whether the socket is TLS. */
  readonly peerAddress: string;
  readonly encrypted: boolean;
  /** Stands for the connection that the request came by: what it proved once need not be proved again. */
  readonly connection?: object;
  /** Decoded and checked by the route; undefined where the route has none. */
  readonly repositoryName: string | undefined;
  /** The other repository of a request to mount a blob, checked as the name is. */
  readonly mountFrom?: string;
}

/** A request that was let in. */
export interface Admission {
  readonly requestId: string;
  readonly registry: RegistryRow;
  readonly caller: Caller;
  /** `<name>.<domain>`: the service of challenges and the audience of tokens, whatever host the client asked for. */
  readonly loginServer: string;
  /** Scheme and host as the client asked for them (or as a trusted proxy or --public-url has them), no slash at the end. */
  readonly baseUrl: string;
  /** The client's address, seen through trusted proxies only. */
  readonly clientAddress: string;
  readonly host: string;
  readonly userAgent: string;
  readonly method: string;
  /** True when the token had expired and the route accepts that for the caller's own upload. */
  readonly expired: boolean;
  /** How many calls of this kind are left, written by admission; undefined where calls are not limited. */
  callsLeft: number | undefined;
}

/**
 * Lets a request in, or throws a RegistryError: `host_unknown` (421), `unauthorized` and `insufficient_scope` (401 with
 * a challenge, which the error carries as `challenge`), `denied`, `too_many_requests`.
 * The answer is there at once where the connection has proved before who it is.
 * For requirements `nothing`, `operator-address` and `metadata` there is no registry: see `Doors`.
 */
export type Admit = (facts: RequestFacts, route: RouteRequirement) => Admission | Promise<Admission>;
