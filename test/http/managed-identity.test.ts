/** The managed-identity endpoints: who gets a token, of which identity, in which form, and who gets none. */
import { parseAddressNetwork } from '@cerulean/server/identity/address-network.ts';
import { makeBindingHeader } from '@cerulean/server/identity/binding-header.ts';
import { toGuid } from '@cerulean/server/identity/guid.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, pushImage, type Reply } from './client.ts';
import { newId, type StartedRegistry, startRegistry } from './start-registry.ts';

const imds = '/metadata/identity/oauth2/token';
const resource = 'https://containerregistry.azure.net';
const asked = `api-version=2018-02-01&resource=${encodeURIComponent(resource)}`;
const acrPull = '7f951dda-4ed3-4680-a7ca-43fe172d538d';

interface Deployment {
  readonly registry: StartedRegistry;
  readonly tenant: string;
  readonly subscription: string;
}

async function openDeployment(flags: readonly string[] = []): Promise<Deployment> {
  const registry = await startRegistry({ flags });
  const [tenant, subscription] = [newId(), newId()];
  const names = { tenantName: 'contoso', subscriptionName: 'cerulean' };
  await registry.run('ensureDirectory', { tenant, subscription, ...names });
  await pushImage(registry, { name: 'app', tag: 'v1' });
  return { registry, tenant, subscription };
}

interface Identity {
  readonly id: string;
  readonly appId: string;
  readonly name: string;
}

async function makeIdentity({ registry, tenant }: Deployment, name: string): Promise<Identity> {
  const identity = { id: newId(), appId: newId(), name };
  await registry.run('createPrincipal', { ...identity, tenant, kind: 'managed-identity' });
  return identity;
}

async function bindAddress(
  { registry, tenant }: Deployment,
  identity: Identity,
  { network = '127.0.0.1', systemAssigned = false } = {},
): Promise<string> {
  const id = newId();
  const binding = { id, identity: identity.id, systemAssigned };
  const caller = { kind: 'address', network } as const;
  await registry.run('addIdentityBinding', { stream: tenant, binding: { ...binding, caller } });
  return id;
}

/** The value of IDENTITY_HEADER. */
async function bindHeader({ registry, tenant }: Deployment, identity: Identity): Promise<string> {
  const id = newId();
  const { caller, value } = await makeBindingHeader(id, await registry.verifierSecret);
  const binding = { id, identity: identity.id, systemAssigned: false, caller };
  await registry.run('addIdentityBinding', { stream: tenant, binding });
  return value;
}

const ask = (
  { registry }: Deployment,
  path: string,
  headers: Readonly<Record<string, string>> = { Metadata: 'true' },
): Promise<Reply> => call(registry, 'GET', path, { as: null, headers });

const bodyOf = (reply: Reply) => JSON.parse(reply.text) as Record<string, string>;
const claimsOf = (reply: Reply) =>
  JSON.parse(
    Buffer.from(bodyOf(reply)['access_token']?.split('.')[1] ?? '', 'base64url').toString(),
  ) as Record<string, unknown>;

/** What a caller without a binding is told, whatever identities there are. */
const nothing = {
  error: 'invalid_request',
  error_description: 'Identity not found',
  statusCode: 400,
  message: 'Identity not found',
};

describe('by the address of the caller', () => {
  let deployment: Deployment;
  let node: Identity;
  beforeAll(async () => {
    deployment = await openDeployment();
    node = await makeIdentity(deployment, 'node');
    await bindAddress(deployment, node);
  });
  afterAll(async () => deployment.registry[Symbol.asyncDispose]());

  test.each([imds, `${imds}/`])('a bound caller gets a token in the form of IMDS: %s', async (path) => {
    const before = Math.floor(Date.now() / 1000);
    const reply = await ask(deployment, `${path}?${asked}`);
    expect(reply.status, reply.text).toBe(200);
    expect(reply.headers['cache-control']).toBe('no-store');
    const body = bodyOf(reply);
    expect(body).toEqual({
      access_token: expect.any(String),
      client_id: toGuid(node.appId),
      expires_in: '3599',
      expires_on: expect.stringMatching(/^\d+$/),
      ext_expires_in: '3599',
      not_before: expect.stringMatching(/^\d+$/),
      resource,
      token_type: 'Bearer',
    });
    expect(Number(body['expires_on']) - Number(body['not_before'])).toBe(3599);
    expect(Number(body['not_before'])).toBeGreaterThanOrEqual(before);
    expect(claimsOf(reply)).toMatchObject({
      aud: resource,
      iss: `http://cerulean.azurecr.localhost/${toGuid(deployment.tenant)}/v2.0`,
      tid: toGuid(deployment.tenant),
      oid: toGuid(node.id),
      appid: toGuid(node.appId),
    });
  });

  test.each(['true', 'True'])('the header Metadata may say %s', async (value) => {
    expect((await ask(deployment, `${imds}?${asked}`, { Metadata: value })).status).toBe(200);
  });

  test('the host of IMDS is answered, and a host that is not ours is not', async () => {
    const from = (host: string) => ask(deployment, `${imds}?${asked}`, { Metadata: 'true', host });
    expect((await from('169.254.169.254')).status).toBe(200);
    expect((await from('169.254.169.254:80')).status).toBe(200);
    expect((await from('another.azurecr.localhost')).status).toBe(200);
    expect((await from('rebound.example')).status).toBe(421);
  });

  test('nothing else is answered on the host of IMDS', async () => {
    const headers = { host: '169.254.169.254', Metadata: 'true' };
    for (const path of ['/v2/', '/adfs/discovery/keys', '/oauth2/token?service=x'])
      expect((await ask(deployment, path, headers)).status).toBe(421);
  });

  test.each([
    ['no header Metadata', {}],
    ['another value of it', { Metadata: 'yes' }],
    ['a proxy in between', { Metadata: 'true', 'X-Forwarded-For': '127.0.0.1' }],
    ['an empty X-Forwarded-For', { Metadata: 'true', 'X-Forwarded-For': '' }],
    ['the header of RFC 7239', { Metadata: 'true', Forwarded: 'for=127.0.0.1' }],
    ['a proxy that says Via', { Metadata: 'true', Via: '1.1 proxy' }],
  ])('a request with %s is refused', async (_what, headers) => {
    const reply = await ask(deployment, `${imds}?${asked}`, headers);
    expect([reply.status, bodyOf(reply)['error']]).toEqual([400, 'invalid_request']);
    expect(reply.text).not.toContain('access_token');
  });

  test.each([
    ['no resource', 'api-version=2018-02-01', 'invalid_request'],
    ['two resources', `${asked}&resource=x`, 'invalid_request'],
    ['a resource that is not ours', 'resource=https://vault.azure.net', 'invalid_resource'],
    [
      'two selectors',
      `${asked}&client_id=${toGuid(newId())}&object_id=${toGuid(newId())}`,
      'invalid_request',
    ],
    ['a selector that is no GUID', `${asked}&client_id=node`, 'invalid_request'],
  ])('a request with %s is refused', async (_what, query, error) => {
    const reply = await ask(deployment, `${imds}?${query}`);
    expect([reply.status, bodyOf(reply)['error']]).toEqual([400, error]);
  });

  test('a token for the host of a registry, with or without a slash, is issued by that host', async () => {
    for (const own of ['https://another.azurecr.localhost:8443', 'http://127.0.0.1:5000/']) {
      const reply = await ask(deployment, `${imds}?resource=${encodeURIComponent(own)}`);
      expect(reply.status, reply.text).toBe(200);
      const { origin } = new URL(own);
      expect(claimsOf(reply)).toMatchObject({
        aud: own,
        iss: `${origin}/${toGuid(deployment.tenant)}/v2.0`,
      });
    }
  });

  test('only GET is there', async () => {
    const headers = { Metadata: 'true' };
    for (const method of ['POST', 'HEAD', 'PUT'])
      expect(
        (await call(deployment.registry, method, `${imds}?${asked}`, { as: null, headers })).status,
      ).toBe(404);
  });

  test.each(['client_id', 'clientid', 'object_id', 'principal_id', 'mi_res_id', 'msi_res_id'])(
    'an identity may be named by %s, and one that is not the caller’s is not found',
    async (name) => {
      const stranger = await makeIdentity(deployment, `stranger-${name}`);
      const valueFor = ({ id, appId, name: own }: Identity): string => {
        if (name.endsWith('res_id'))
          return `/subscriptions/${toGuid(deployment.subscription)}/resourceGroups/any/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${own.toUpperCase()}`;
        return toGuid(name.startsWith('client') ? appId : id);
      };
      const from = (value: string) =>
        ask(deployment, `${imds}?${asked}&${name}=${encodeURIComponent(value)}`);
      expect((await from(valueFor(node))).status).toBe(200);
      for (const other of [stranger, { id: newId(), appId: newId(), name: 'nobody' }]) {
        const reply = await from(valueFor(other));
        expect([reply.status, JSON.parse(reply.text)]).toEqual([400, nothing]);
      }
    },
  );
});

describe('several identities of one caller', () => {
  test('are told apart by a selector, and one of them may be what the caller gets without', async () => {
    const deployment = await openDeployment();
    await using _registry = deployment.registry;
    const first = await makeIdentity(deployment, 'first');
    const second = await makeIdentity(deployment, 'second');
    await bindAddress(deployment, first);
    await bindAddress(deployment, second, { network: '127.0.0.0/8' });
    const unnamed = await ask(deployment, `${imds}?${asked}`);
    expect([unnamed.status, bodyOf(unnamed)['error_description']]).toEqual([
      400,
      'Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request',
    ]);
    for (const { appId } of [first, second]) {
      const reply = await ask(deployment, `${imds}?${asked}&client_id=${toGuid(appId)}`);
      expect(bodyOf(reply)['client_id']).toBe(toGuid(appId));
    }
    const own = await makeIdentity(deployment, 'own');
    await bindAddress(deployment, own, { systemAssigned: true });
    expect(bodyOf(await ask(deployment, `${imds}?${asked}`))['client_id']).toBe(toGuid(own.appId));
    const named = await ask(deployment, `${imds}?${asked}&client_id=${toGuid(first.appId)}`);
    expect(bodyOf(named)['client_id']).toBe(toGuid(first.appId));
  });
});

describe('a caller that no binding names', () => {
  test('is told the same whether identities exist or not, and the operator which binding is missing', async () => {
    const deployment = await openDeployment();
    await using registry = deployment.registry;
    const nobody = await ask(deployment, `${imds}?${asked}`);
    const node = await makeIdentity(deployment, 'node');
    await bindAddress(deployment, node, { network: '10.0.0.0/8' });
    await bindAddress(deployment, node, { network: '::1' });
    const header = await bindHeader(deployment, node);
    const elsewhere = await ask(deployment, `${imds}?${asked}&client_id=${toGuid(node.appId)}`);
    for (const reply of [nobody, elsewhere])
      expect([reply.status, JSON.parse(reply.text)]).toEqual([400, nothing]);
    const told = registry.log.filter(({ level }) => level === 'warn').map(({ msg }) => msg);
    expect(told).toEqual(
      Array(2).fill('no binding names 127.0.0.1: identity-binding create IDENTITY --address 127.0.0.1'),
    );
    expect(JSON.stringify(registry.log)).not.toContain(header.slice(32));
  });

  test('gets nothing once its binding is deleted, or its identity is disabled or deleted', async () => {
    const deployment = await openDeployment();
    await using registry = deployment.registry;
    const { tenant } = deployment;
    const node = await makeIdentity(deployment, 'node');
    const header = await bindHeader(deployment, node);
    const byAddress = () => ask(deployment, `${imds}?${asked}`);
    const byHeader = () => ask(deployment, `/msi/token?${asked}`, { 'X-IDENTITY-HEADER': header });
    const binding = await bindAddress(deployment, node);
    expect([(await byAddress()).status, (await byHeader()).status]).toEqual([200, 200]);
    await registry.run('deleteIdentityBinding', { stream: tenant, id: binding });
    expect(bodyOf(await byAddress())).toEqual(nothing);
    expect((await byHeader()).status).toBe(200);
    await bindAddress(deployment, node);
    await registry.run('enablePrincipal', { id: node.id, enabled: false });
    for (const reply of [await byAddress(), await byHeader()])
      expect([reply.status, bodyOf(reply)['error']]).toEqual([400, 'unauthorized_client']);
    await registry.run('enablePrincipal', { id: node.id, enabled: true });
    expect([(await byAddress()).status, (await byHeader()).status]).toEqual([200, 200]);
    await registry.run('deletePrincipal', { id: node.id });
    for (const reply of [await byAddress(), await byHeader()]) expect(bodyOf(reply)).toEqual(nothing);
  });

  test('may not be a proxy that is declared as one, whatever the binding says', async () => {
    const deployment = await openDeployment(['--trusted-proxies', '127.0.0.1']);
    await using _registry = deployment.registry;
    await bindAddress(deployment, await makeIdentity(deployment, 'node'));
    expect((await ask(deployment, `${imds}?${asked}`)).status).toBe(400);
  });
});

describe('by the value of IDENTITY_HEADER', () => {
  let deployment: Deployment;
  let app: Identity;
  let header: string;
  beforeAll(async () => {
    deployment = await openDeployment();
    app = await makeIdentity(deployment, 'app');
    header = await bindHeader(deployment, app);
  });
  afterAll(async () => deployment.registry[Symbol.asyncDispose]());
  const query = `api-version=2019-08-01&resource=${encodeURIComponent(resource)}`;

  test('whoever knows it gets a token in the form of App Service, also through a proxy', async () => {
    for (const more of [{}, { 'X-Forwarded-For': '192.0.2.1' }]) {
      const reply = await ask(deployment, `/msi/token?${query}`, { 'X-IDENTITY-HEADER': header, ...more });
      expect(reply.status, reply.text).toBe(200);
      expect(bodyOf(reply)).toMatchObject({
        client_id: toGuid(app.appId),
        expires_on: expect.stringMatching(/^\d+$/),
        resource,
        token_type: 'Bearer',
      });
    }
  });

  test('what is not exactly it gets nothing', async () => {
    const other = await bindHeader(deployment, await makeIdentity(deployment, 'other'));
    const wrong = [
      `${header.slice(0, 32)}${other.slice(32)}`,
      `${other.slice(0, 32)}${header.slice(32)}`,
      `${header}x`,
      header.slice(0, 32),
      header.slice(32),
      header.toUpperCase(),
      'x',
    ];
    for (const value of wrong) {
      const reply = await ask(deployment, `/msi/token?${query}`, { 'X-IDENTITY-HEADER': value });
      expect([reply.status, JSON.parse(reply.text)]).toEqual([400, nothing]);
    }
    expect(deployment.registry.log.filter(({ level }) => level === 'warn').at(-1)?.msg).toBe(
      'no binding has the X-IDENTITY-HEADER of this request: identity-binding create IDENTITY --header',
    );
  });

  test('it must be there, and does not open the other form', async () => {
    expect((await ask(deployment, `/msi/token?${query}`, {})).status).toBe(400);
    expect((await ask(deployment, `/msi/token?${query}`, { Metadata: 'true' })).status).toBe(400);
    const headers = { Metadata: 'true', 'X-IDENTITY-HEADER': header };
    expect(bodyOf(await ask(deployment, `${imds}?${query}`, headers))).toEqual(nothing);
  });

  test('it is no password of the identity, neither at the registry nor at the issuer', async () => {
    const as = { id: '', username: toGuid(app.appId), password: header.slice(32) };
    expect((await call(deployment.registry, 'GET', '/v2/', { as })).status).toBe(401);
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: as.username,
      client_secret: as.password,
      scope: `${resource}/.default`,
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = form.toString();
    const reply = await call(deployment.registry, 'POST', '/adfs/oauth2/token', { as: null, headers, body });
    expect(reply.status).toBe(401);
  });
});

test('the token opens the registry where the identity has a role, and no other', async () => {
  const deployment = await openDeployment();
  await using registry = deployment.registry;
  const { tenant } = deployment;
  const node = await makeIdentity(deployment, 'node');
  await bindAddress(deployment, node);
  const scope = { kind: 'registry', registry: registry.admin.id } as const;
  await registry.run('addRoleAssignment', {
    stream: tenant,
    id: newId(),
    principal: node.id,
    role: acrPull,
    scope,
  });
  const token = bodyOf(await ask(deployment, `${imds}?${asked}`))['access_token'] ?? '';
  const exchange = (name: string) => {
    const service = `${name}.azurecr.localhost`;
    const body = new URLSearchParams({ grant_type: 'access_token', service, access_token: token }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded', host: service };
    return call(registry, 'POST', '/oauth2/exchange', { as: null, headers, body });
  };
  expect((await exchange('another')).status).toBe(401);
  const exchanged = await exchange('cerulean');
  expect(exchanged.status, exchanged.text).toBe(200);
  const password = bodyOf(exchanged)['refresh_token'] ?? '';
  const as = { id: '', username: '00000000-0000-0000-0000-000000000000', password };
  expect((await call(registry, 'GET', '/v2/app/manifests/v1', { as })).status).toBe(200);
  expect((await call(registry, 'POST', '/v2/app/blobs/uploads/', { as })).status).toBe(401);
});

describe('a network of callers', () => {
  test.each([
    ['10.0.0.7', '10.0.0.7', true],
    ['10.0.0.7', '10.0.0.8', false],
    ['10.0.0.0/24', '10.0.0.255', true],
    ['10.0.0.0/24', '10.0.1.0', false],
    ['fd00::/64', 'fd00::1', true],
    ['fd00::/64', 'fd00:0:0:1::1', false],
    ['::1', '127.0.0.1', false],
    ['127.0.0.0/8', 'nowhere', false],
  ])('%s with %s: %s', (network, address, isIn) => {
    expect(parseAddressNetwork(network)?.has(address)).toBe(isIn);
  });

  test.each([
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    'host',
    '',
    '::ffff:10.0.0.1',
  ])('is not «%s»', (text) => {
    expect(parseAddressNetwork(text)).toBeUndefined();
  });
});
