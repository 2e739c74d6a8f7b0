import Fastify, { type LightMyRequestResponse } from 'fastify';
import { newId, openDeployment } from '../identity/deployment.fixture.ts';
import type { RegistrySettings } from '../registry/settings.ts';
import { createAdmit, createAdmitMetadataHost } from './admit.ts';
import { admitExchange } from './admit-exchange.ts';
import { ConnectionLogins } from './connection-logins.ts';
import { createDirectoryRoutes } from './directory/directory-routes.ts';
import { locate, openExchange } from './exchange.ts';
import { createOauth2Routes } from './oauth2/oauth2-routes.ts';
import { requirementOf } from './route-requirement.ts';
import { parseUrl } from './target.ts';
import { createAddressList } from './trusted-proxies.ts';

/** The host that leads to the default registry, and the service that its tokens are for. */
export const host = '127.0.0.1:5000';
export const service = 'cerulean.azurecr.localhost';

/** The issuer and the token endpoints over a real deployment, without a socket. */
export async function openLoginEndpoints(settings: Partial<RegistrySettings> = {}) {
  const deployment = await openDeployment({ settings });
  const { directory, authenticator, systemKeys } = deployment.identity;
  const hosts = {
    domain: 'azurecr.localhost',
    defaultRegistry: 'cerulean',
    hostnames: [],
    boundAddresses: [],
    publicUrl: undefined,
    trustedProxies: createAddressList([]),
  };
  const logins = new ConnectionLogins(deployment.epochs, deployment.clock);
  const admit = createAdmit({ hosts, directory, authenticator, logins });
  const app = Fastify();
  app.addHook('onRequest', async (request, reply) => {
    const [req, response] = [request.raw, reply.raw];
    const exchange = openExchange({ request: req, response, awaitsContinue: false, newId, nowMs: () => 0 });
    locate(exchange, parseUrl(req.url ?? '', req.headers.host));
    const route = requirementOf({ url: request.url, config: request.routeOptions.config });
    const doors = {
      admit,
      admitOperatorAddress: () => undefined,
      admitMetadataHost: createAdmitMetadataHost(hosts),
    };
    await admitExchange(doors, exchange, route);
  });
  await app.register(createOauth2Routes(deployment.identity));
  const issuerKeys = systemKeys.issuer;
  await app.register(createDirectoryRoutes({ ...deployment.identity, issuerKeys, clock: deployment.clock }));
  return {
    deployment,
    app,
    /** A GET or, with a form, a POST. */
    async ask(
      url: string,
      form?: Readonly<Record<string, string>>,
      headers: Readonly<Record<string, string>> = {},
    ): Promise<LightMyRequestResponse> {
      if (form === undefined) return app.inject({ method: 'GET', url, headers: { host, ...headers } });
      const type = { 'content-type': 'application/x-www-form-urlencoded' };
      const payload = new URLSearchParams(form).toString();
      return app.inject({ method: 'POST', url, headers: { host, ...type, ...headers }, payload });
    },
    async [Symbol.asyncDispose]() {
      await app.close();
      await deployment[Symbol.asyncDispose]();
    },
  };
}

/** The claims of a token that an answer holds. */
export function claimsIn(response: LightMyRequestResponse, member: string): Record<string, unknown> {
  const token = (response.json() as Record<string, string>)[member] ?? '';
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >;
}

export const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});
