/**
 * The issuer that Microsoft's libraries expect, with its paths and forms. It answers on every host of ours, for the one
 * directory that there is.
 *
 * Invariants. No token leaves without a proof that the client is who it says. A tenant that is not there is refused
 * before anything else is looked at. No answer with a token is kept by anybody on the way.
 */
import type { FastifyInstance, FastifyPluginCallback, FastifyRequest } from 'fastify';
import type { Directory } from '../../identity/directory.ts';
import { DirectoryError } from '../../identity/directory-error.ts';
import { directoryIssuer } from '../../identity/directory-token.ts';
import type { IssuerKeys } from '../../identity/system-keys.ts';
import type { TenantRow } from '../../registry/access-reader.ts';
import type { Admission, RouteRequirement } from '../admission.ts';
import { answerFailures } from '../answer-failures.ts';
import { admissionOf, type Exchange, exchangeOf } from '../exchange.ts';
import { leaveBodiesUnread } from '../leave-bodies-unread.ts';
import { readForm } from '../read-form.ts';
import { respond } from '../respond.ts';
import { directoryFailure } from './aadsts.ts';
import { discoveryDocument, instanceDiscovery, keySet, tenantOf, userRealm } from './discovery.ts';
import { issueToken, type TokenIssuing } from './issue-token.ts';

export interface DirectoryDependencies extends TokenIssuing {
  readonly directory: Pick<Directory, 'tenants' | 'applicationById'>;
  readonly issuerKeys: IssuerKeys;
  readonly clock: () => number;
}

const route = (operation: string): RouteRequirement => ({ operation, requires: { kind: 'host' } });
const json = { 'Content-Type': 'application/json; charset=utf-8' };
const unkept = { ...json, 'Cache-Control': 'no-store', Pragma: 'no-cache' };

/** Makes the plugin with discovery, keys and the token endpoint, for tenants and for `/adfs`. */
export function createDirectoryRoutes(dependencies: DirectoryDependencies): FastifyPluginCallback {
  return (app, _options, done) => {
    leaveBodiesUnread(app);
    answerFailures(app, (error, { requestId }) => {
      const { headers, ...failure } = directoryFailure(error, { requestId, now: dependencies.clock() });
      return { ...failure, headers: { ...unkept, ...headers } };
    });
    addDiscovery(app, dependencies);
    for (const path of ['/:tenant/oauth2/v2.0/token', '/:tenant/oauth2/token']) {
      app.post<TenantParams>(path, { config: route('directory.token') }, async (request, reply) => {
        const asked = await askedOf(request, dependencies);
        const { exchange, admission, tenant } = asked;
        const form = await readForm(exchange);
        const { authorization } = exchange.request.headers;
        const answer = await issueToken({ form, authorization, admission, tenant }, dependencies);
        reply.hijack();
        respond(exchange, { status: 200, headers: unkept, body: JSON.stringify(answer) });
      });
    }
    done();
  };
}

interface TenantParams {
  Params: { tenant: string };
}

interface Asked {
  readonly exchange: Exchange;
  readonly admission: Admission;
  readonly segment: string;
  readonly tenant: TenantRow;
}

async function askedOf(
  request: FastifyRequest<TenantParams>,
  { directory }: DirectoryDependencies,
): Promise<Asked> {
  const exchange = exchangeOf(request.raw);
  const { tenant: segment } = request.params;
  const tenant = tenantOf(segment, await directory.tenants());
  if (tenant === undefined) {
    const message = `Tenant '${segment.slice(0, 64)}' not found. Check to make sure you have the correct tenant ID: directory show`;
    throw new DirectoryError('invalid_request', 90002, message);
  }
  return { exchange, admission: admissionOf(exchange), segment, tenant };
}

function addDiscovery(app: FastifyInstance, dependencies: DirectoryDependencies): void {
  const keysOf = async ({ baseUrl }: Admission, tenant: TenantRow) =>
    keySet(await dependencies.issuerKeys.all(), directoryIssuer(baseUrl, tenant.id));
  const documents = {
    '/:tenant/v2.0/.well-known/openid-configuration': async ({ admission, segment, tenant }: Asked) =>
      discoveryDocument(admission.baseUrl, segment, tenant),
    '/:tenant/.well-known/openid-configuration': async ({ admission, segment, tenant }: Asked) =>
      discoveryDocument(admission.baseUrl, segment, tenant),
    '/:tenant/discovery/v2.0/keys': ({ admission, tenant }: Asked) => keysOf(admission, tenant),
    '/:tenant/discovery/keys': ({ admission, tenant }: Asked) => keysOf(admission, tenant),
    '/:tenant/userrealm/:user': async ({ admission, tenant }: Asked) => userRealm(admission.baseUrl, tenant),
    '/:tenant/discovery/instance': async ({ admission, tenant }: Asked) =>
      instanceDiscovery(admission.baseUrl, tenant),
  };
  for (const [path, document] of Object.entries(documents)) {
    app.get<TenantParams>(
      path,
      { config: route('directory.discovery'), exposeHeadRoute: false },
      async (request, reply) => {
        const asked = await askedOf(request, dependencies);
        const body = JSON.stringify(await document(asked));
        reply.hijack();
        respond(asked.exchange, { status: 200, headers: json, body });
      },
    );
  }
}
