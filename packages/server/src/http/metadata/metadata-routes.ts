/**
 * The managed-identity endpoints: tokens without a secret of the client's own, as machines and apps in Azure get them.
 *
 * Invariants. A token is handed out only to a caller that a binding names. A GET without the header that a browser or
 * a redirect can't add gets nothing, and neither does a request that came through a proxy.
 */
import type { FastifyPluginCallback, FastifyRequest } from 'fastify';
import { isKnownAudience } from '../../identity/audiences.ts';
import type { DirectoryTokens } from '../../identity/directory-token.ts';
import { toGuid } from '../../identity/guid.ts';
import { ManagedIdentityError } from '../../identity/managed-identity-error.ts';
import type { IdentityCaller, ManagedIdentityLogin } from '../../identity/managed-identity-login.ts';
import { limits } from '../../limits.ts';
import type { RouteRequirement } from '../admission.ts';
import { answerFailures } from '../answer-failures.ts';
import { exchangeOf } from '../exchange.ts';
import type { HostRules } from '../hosts.ts';
import { leaveBodiesUnread } from '../leave-bodies-unread.ts';
import { respond } from '../respond.ts';
import { metadataFailure } from './metadata-failure.ts';
import { identityEndpointPath, imdsPaths } from './metadata-paths.ts';
import { type MetadataRequest, parseEndpointRequest, parseImdsRequest } from './metadata-request.ts';
import { tokenOrigin } from './token-origin.ts';

export interface MetadataDependencies {
  readonly managedIdentityLogin: ManagedIdentityLogin;
  readonly directoryTokens: Pick<DirectoryTokens, 'issue'>;
  readonly hosts: HostRules;
  /** Whether registries are reached by https. */
  readonly encrypted: boolean;
  readonly clock: () => number;
}

const route: RouteRequirement = { operation: 'identity.token', requires: { kind: 'metadata' } };
const unkept = { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' };

export function createMetadataRoutes(dependencies: MetadataDependencies): FastifyPluginCallback {
  const { trustedProxies } = dependencies.hosts;
  return (app, _options, done) => {
    leaveBodiesUnread(app);
    answerFailures(app, (error) => {
      const { headers, ...failure } = metadataFailure(error);
      return { ...failure, headers: { ...unkept, ...headers } };
    });
    const serve = (path: string, parse: (request: FastifyRequest) => MetadataRequest): void => {
      app.get(path, { config: route, exposeHeadRoute: false }, async (request, reply) => {
        const asked = parse(request);
        const body = JSON.stringify(await issue(asked, dependencies, toldTo(request)));
        reply.hijack();
        respond(exchangeOf(request.raw), { status: 200, headers: unkept, body });
      });
    };
    for (const path of imdsPaths) {
      serve(path, ({ raw }) => {
        const { peerAddress, url } = exchangeOf(raw);
        return parseImdsRequest(url.query, { headers: raw.headers, peerAddress, trustedProxies });
      });
    }
    serve(identityEndpointPath, ({ raw }) => parseEndpointRequest(exchangeOf(raw).url.query, raw.headers));
    done();
  };
}

async function issue(
  { caller, selector, resource }: MetadataRequest,
  dependencies: MetadataDependencies,
  tell: (caller: IdentityCaller) => void,
): Promise<Readonly<Record<string, string>>> {
  const { managedIdentityLogin, directoryTokens, hosts, encrypted, clock } = dependencies;
  const identity = await managedIdentityLogin(caller, selector).catch((error: unknown) => {
    if (error instanceof ManagedIdentityError && error.isUnbound) tell(caller);
    throw error;
  });
  const origin = tokenOrigin(resource, hosts, encrypted);
  if (!isKnownAudience(resource, origin)) {
    const message = `AADSTS500011: The resource principal named ${resource.slice(0, 128)} was not found. Registries are https://containerregistry.azure.net.`;
    throw new ManagedIdentityError('invalid_resource', message);
  }
  const now = Math.floor(clock() / 1000);
  const expiresIn = limits.directoryTokenSeconds - 1;
  const token = await directoryTokens.issue({ origin, principal: identity, audience: resource });
  return {
    access_token: token,
    client_id: toGuid(identity.appId ?? ''),
    expires_in: String(expiresIn),
    expires_on: String(now + expiresIn),
    ext_expires_in: String(expiresIn),
    not_before: String(now),
    resource,
    token_type: 'Bearer',
  };
}

/** The caller learns nothing; whoever runs the server learns what is missing. */
function toldTo(request: FastifyRequest): (caller: IdentityCaller) => void {
  const { requestId } = exchangeOf(request.raw);
  return (caller) => {
    if (caller.kind === 'address') {
      const { address } = caller;
      const text = `no binding names ${address}: identity-binding create IDENTITY --address ${address}`;
      request.log.warn({ requestId, address }, text);
    } else {
      request.log.warn(
        { requestId },
        'no binding has the X-IDENTITY-HEADER of this request: identity-binding create IDENTITY --header',
      );
    }
  };
}
