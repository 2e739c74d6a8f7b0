/** A whole login over a socket, through the server as it is: what every client does before anything else. */
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import { expect, test } from 'vitest';
import { newId, openDeployment, type TestDeployment } from '../../identity/deployment.fixture.ts';
import { createRequestLog } from '../../observability/request-line.ts';
import type { RegistryPorts } from '../../registry/registry-ports.ts';
import { createAdmit, createAdmitOperatorAddress } from '../admit.ts';
import { ConnectionLogins } from '../connection-logins.ts';
import { createHttpServer } from '../server.ts';
import { createAddressList } from '../trusted-proxies.ts';
import { createOauth2Routes } from './oauth2-routes.ts';

async function openServer() {
  const deployment = await openDeployment();
  const logged: string[] = [];
  const lines = { lastLevel: 0, write: (line: string) => void logged.push(line) };
  const http = await createHttpServer({
    doors: doorsOf(deployment),
    // A login touches no content.
    ports: {} as RegistryPorts,
    ops: {
      ready: async () => ({ ready: true }),
      metrics: async () => ({ contentType: 'text/plain', text: '' }),
    },
    surfaces: [createOauth2Routes(deployment.identity)],
    log: Object.assign(pino({ level: 'trace' }, lines), { request: createRequestLog(lines, 'test') }),
    observer: { started: () => undefined, finished: () => undefined },
    tls: undefined,
    newId,
    nowMs: () => performance.now(),
  });
  await new Promise<void>((resolve) => http.server.listen(0, '127.0.0.1', resolve));
  const { port } = http.server.address() as AddressInfo;
  const close = async () => {
    await http[Symbol.asyncDispose]();
    await deployment[Symbol.asyncDispose]();
  };
  return { deployment, logged, url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: close };
}

function doorsOf(deployment: TestDeployment) {
  const { directory, authenticator } = deployment.identity;
  const trustedProxies = createAddressList([]);
  const hosts = {
    domain: 'azurecr.localhost',
    defaultRegistry: 'cerulean',
    hostnames: [],
    boundAddresses: ['127.0.0.1'],
    publicUrl: undefined,
    trustedProxies,
  };
  return {
    admit: createAdmit({
      hosts,
      directory,
      authenticator,
      logins: new ConnectionLogins(deployment.epochs, deployment.clock),
    }),
    admitOperatorAddress: createAdmitOperatorAddress({
      operators: createAddressList(['127.0.0.1']),
      trustedProxies,
    }),
    admitMetadataHost: () => undefined,
  };
}

test('challenge, token, and in; and no secret is in the log', async () => {
  await using server = await openServer();
  const { url, deployment } = server;
  const { password } = deployment.registry;
  const refused = await fetch(`${url}/v2/`);
  expect(refused.status).toBe(401);
  expect(refused.headers.get('www-authenticate')).toBe(
    `Bearer realm="${url}/oauth2/token",service="cerulean.azurecr.localhost"`,
  );
  const message = 'authentication required, visit https://aka.ms/acr/authorization for more information.';
  expect(await refused.json()).toEqual({ errors: [{ code: 'UNAUTHORIZED', message, detail: null }] });

  const form = new URLSearchParams({ grant_type: 'password', username: 'cerulean', password });
  const issued = await fetch(`${url}/oauth2/token`, { method: 'POST', body: form });
  const { access_token: token } = (await issued.json()) as { access_token: string };
  const basic = `Basic ${Buffer.from(`cerulean:${password}`).toString('base64')}`;
  for (const authorization of [`Bearer ${token}`, basic]) {
    expect((await fetch(`${url}/v2/`, { headers: { authorization } })).status).toBe(200);
  }
  const wrong = await fetch(`${url}/oauth2/token`, {
    method: 'POST',
    body: form.toString(),
    headers: { authorization: basic },
  });
  expect(wrong.status).toBe(415);

  expect(server.logged.length).toBeGreaterThan(4);
  const text = server.logged.join('');
  for (const secret of [password, token, basic.slice(6)]) expect(text).not.toContain(secret);
});
