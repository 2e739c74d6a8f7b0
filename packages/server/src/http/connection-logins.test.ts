import { expect, test } from 'vitest';
import { openDeployment, type TestDeployment } from '../identity/deployment.fixture.ts';
import type { Admit, RequestFacts } from './admission.ts';
import { createAdmit } from './admit.ts';
import { ConnectionLogins } from './connection-logins.ts';
import { createAddressList } from './trusted-proxies.ts';

const pull = { operation: 'test', requires: { kind: 'repository', action: 'pull' } } as const;
const push = { operation: 'test', requires: { kind: 'repository', action: 'push' } } as const;

/** An admission whose look-ups are counted: a login that is remembered looks nothing up. */
function countingAdmit(deployment: TestDeployment): {
  admit: (...asked: Parameters<Admit>) => Promise<Awaited<ReturnType<Admit>>>;
  lookUps: () => number;
} {
  const { directory, authenticator } = deployment.identity;
  let lookUps = 0;
  const admit = createAdmit({
    hosts: {
      domain: 'azurecr.localhost',
      defaultRegistry: 'cerulean',
      hostnames: [],
      boundAddresses: [],
      publicUrl: undefined,
      trustedProxies: createAddressList([]),
    },
    directory,
    authenticator: {
      ...authenticator,
      authenticate: (...asked) => {
        lookUps += 1;
        return authenticator.authenticate(...asked);
      },
    },
    logins: new ConnectionLogins(deployment.epochs, deployment.clock),
  });
  return { admit: async (facts, route) => admit(facts, route), lookUps: () => lookUps };
}

function facts(authorization: string, change: Partial<RequestFacts> = {}): RequestFacts {
  const headers = { host: '127.0.0.1:5000', authorization, ...change.headers };
  return {
    method: 'GET',
    requestId: 'request-1',
    peerAddress: '127.0.0.1',
    encrypted: false,
    connection: socket,
    repositoryName: 'app',
    ...change,
    headers,
  };
}

const socket = {};
const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

async function bearer(deployment: TestDeployment, ...actions: string[]): Promise<string> {
  const audience = { registry: deployment.registry.id, loginServer: 'cerulean.azurecr.localhost' };
  const access = [{ type: 'repository', name: 'app', actions }];
  return `Bearer ${await deployment.identity.tokenIssuer.accessToken(audience, deployment.registry.principal, access)}`;
}

test('the same headers on one connection are looked up once', async () => {
  await using deployment = await openDeployment();
  const { admit, lookUps } = countingAdmit(deployment);
  const token = await bearer(deployment, 'pull');
  const first = await admit(facts(token), pull);
  const second = await admit(facts(token, { requestId: 'request-2' }), pull);
  expect(lookUps()).toBe(1);
  expect(second.caller).toEqual(first.caller);
  expect(second.requestId).toBe('request-2');
});

test('rights are decided for each request, whatever was remembered', async () => {
  await using deployment = await openDeployment();
  const { admit } = countingAdmit(deployment);
  const token = await bearer(deployment, 'pull');
  await admit(facts(token), pull);
  await expect(admit(facts(token), push)).rejects.toMatchObject({ code: 'insufficient_scope' });
  await expect(admit(facts(token, { repositoryName: 'other' }), pull)).rejects.toMatchObject({
    code: 'insufficient_scope',
  });
});

test.each<[string, (token: string) => RequestFacts]>([
  ['another connection', (token) => facts(token, { connection: {} })],
  ['no connection', (token) => ({ ...facts(token), connection: undefined as never })],
  ['another host', (token) => facts(token, { headers: { host: 'cerulean.azurecr.localhost' } })],
  ['a header of a proxy', (token) => facts(token, { headers: { 'x-forwarded-for': '192.0.2.7' } })],
])('%s is looked up afresh', async (_name, changed) => {
  await using deployment = await openDeployment();
  const { admit, lookUps } = countingAdmit(deployment);
  const token = await bearer(deployment, 'pull');
  await admit(facts(token), pull);
  await admit(changed(token), pull);
  expect(lookUps()).toBe(2);
});

test('other credentials on the same connection are their own', async () => {
  await using deployment = await openDeployment();
  const { admit } = countingAdmit(deployment);
  await admit(facts(basic('cerulean', deployment.registry.password)), push);
  await expect(admit(facts(basic('cerulean', 'wrong')), pull)).rejects.toMatchObject({
    code: 'unauthorized',
  });
  await expect(admit(facts(await bearer(deployment, 'pull')), push)).rejects.toMatchObject({
    code: 'insufficient_scope',
  });
});

test('a login is forgotten when rights change, when its token ends, and after a minute', async () => {
  await using deployment = await openDeployment();
  const { admit, lookUps } = countingAdmit(deployment);
  const token = await bearer(deployment, 'pull');
  await admit(facts(token), pull);
  await deployment.run('setRegistry', {
    registry: deployment.registry.id,
    change: { sparseManifests: true },
  });
  await admit(facts(token), pull);
  expect(lookUps()).toBe(2);
  deployment.now += 61_000;
  await admit(facts(token), pull);
  expect(lookUps()).toBe(3);
  await deployment.run('deleteRegistry', { registry: deployment.registry.id });
  await expect(admit(facts(token), pull)).rejects.toMatchObject({ code: 'host_unknown' });
});

test('a token that expires while its connection stays open is refused', async () => {
  await using deployment = await openDeployment();
  const { admit } = countingAdmit(deployment);
  const token = await bearer(deployment, 'pull');
  deployment.now += 4500_000 - 30_000;
  await admit(facts(token), pull);
  deployment.now += 31_000 + 60_000;
  await expect(admit(facts(token), pull)).rejects.toMatchObject({ code: 'unauthorized' });
});
