import type { FastifyInstance } from 'fastify';
import { describe, expect, test } from 'vitest';
import { tokenUser } from '../../identity/authenticate.ts';
import type { RegistrySettings } from '../../registry/settings.ts';
import { basic, host, openLoginEndpoints } from '../login-endpoints.fixture.ts';

async function openEndpoint(settings: Partial<RegistrySettings> = {}) {
  const endpoints = await openLoginEndpoints(settings);
  return { ...endpoints, ...clientOf(endpoints.app) };
}

function clientOf(app: FastifyInstance) {
  return {
    get: (query: string, headers: Record<string, string> = {}) =>
      app.inject({ method: 'GET', url: `/oauth2/token${query}`, headers: { host, ...headers } }),
    post: (form: string, headers: Record<string, string> = {}) =>
      app.inject({
        method: 'POST',
        url: '/oauth2/token?api-version=2021-07-01',
        headers: { host, 'content-type': 'application/x-www-form-urlencoded', ...headers },
        payload: form,
      }),
  };
}

const service = 'service=cerulean.azurecr.localhost';
const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString();

function claimsOf(response: { json(): unknown; statusCode: number }) {
  expect(response.statusCode).toBe(200);
  const body = response.json() as Record<string, string>;
  return JSON.parse(
    Buffer.from((body['access_token'] ?? '').split('.')[1] ?? '', 'base64url').toString(),
  ) as {
    sub: string;
    access: { type: string; name: string; actions: string[] }[];
  };
}

describe('GET /oauth2/token', () => {
  test('gives docker a token for what it asked', async () => {
    await using endpoint = await openEndpoint();
    const { registry } = endpoint.deployment;
    const query = `?account=cerulean&client_id=docker&offline_token=true&${service}&scope=repository%3Aapp%3Apull%2Cpush`;
    const response = await endpoint.get(query, basic('cerulean', registry.password2));
    expect(claimsOf(response)).toMatchObject({
      sub: registry.principal,
      access: [{ type: 'repository', name: 'app', actions: ['pull', 'push'] }],
    });
    const body = response.json() as Record<string, string>;
    expect(Object.keys(body)).toEqual(['access_token', 'token']);
    expect(body['token']).toBe(body['access_token']);
    expect(response.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-ms-correlation-request-id': expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });

  test('without a scope is a login: a token with no access', async () => {
    await using endpoint = await openEndpoint();
    const response = await endpoint.get(
      `?${service}`,
      basic('cerulean', endpoint.deployment.registry.password),
    );
    expect(claimsOf(response).access).toEqual([]);
  });

  test('takes scopes that are repeated and scopes with spaces between', async () => {
    await using endpoint = await openEndpoint();
    const query = `?${service}&scope=repository:a:pull+repository:b:pull&scope=registry:catalog:*`;
    const response = await endpoint.get(query, basic('cerulean', endpoint.deployment.registry.password));
    expect(claimsOf(response).access.map(({ name }) => name)).toEqual(['catalog', 'a', 'b']);
  });

  test('without credentials is anonymous: reads only where the switch is on, 401 where it is off', async () => {
    await using open = await openEndpoint({ anonymousPull: true });
    const asked = `?${service}&scope=repository:app:pull,push,delete`;
    expect(claimsOf(await open.get(asked)).access).toEqual([
      { type: 'repository', name: 'app', actions: ['pull'] },
    ]);
    expect((await open.get(`?${service}`)).statusCode).toBe(200);
    await using closed = await openEndpoint();
    expect((await closed.get(asked)).statusCode).toBe(401);
  });

  test('with a wrong password says so in the form of ACR', async () => {
    await using endpoint = await openEndpoint();
    const response = await endpoint.get(`?${service}`, basic('cerulean', 'wrong'));
    expect(response.statusCode).toBe(401);
    expect(response.json()).toEqual({
      errors: [{ code: 'UNAUTHORIZED', message: 'The user name or the password is wrong.' }],
    });
    expect(response.headers['www-authenticate']).toBe(
      'Bearer realm="http://127.0.0.1:5000/oauth2/token",service="cerulean.azurecr.localhost"',
    );
    expect((await endpoint.get(`?${service}`, basic('nobody', 'wrong'))).body).toBe(response.body);
  });

  test('takes a refresh token as the password of the null GUID', async () => {
    await using endpoint = await openEndpoint();
    const { registry, identity } = endpoint.deployment;
    const audience = { registry: registry.id, loginServer: 'cerulean.azurecr.localhost' };
    const refresh = await identity.tokenIssuer.refreshToken(audience, registry.principal);
    const response = await endpoint.get(`?${service}&scope=repository:app:pull`, basic(tokenUser, refresh));
    expect(claimsOf(response).access).toEqual([{ type: 'repository', name: 'app', actions: ['pull'] }]);
  });

  test('takes no Bearer token: nobody widens a token by itself', async () => {
    await using endpoint = await openEndpoint();
    const response = await endpoint.get(
      `?${service}&scope=repository:app:pull`,
      basic('cerulean', endpoint.deployment.registry.password),
    );
    const { access_token: token } = response.json() as { access_token: string };
    const again = await endpoint.get(`?${service}&scope=repository:app:push`, {
      authorization: `Bearer ${token}`,
    });
    expect(again.statusCode).toBe(401);
  });

  test.each(['cerulean.azurecr.localhost', 'CERULEAN.azurecr.localhost', '127.0.0.1:5000', '127.0.0.1', ''])(
    'accepts the service %j',
    async (name) => {
      await using endpoint = await openEndpoint({ anonymousPull: true });
      expect((await endpoint.get(`?service=${name}`)).statusCode).toBe(200);
    },
  );

  test('refuses another service and tells the right one', async () => {
    await using endpoint = await openEndpoint({ anonymousPull: true });
    const response = await endpoint.get('?service=other.azurecr.localhost');
    expect(response.statusCode).toBe(400);
    expect(response.body).toContain('cerulean.azurecr.localhost');
  });

  test('tells a user who failed twenty times when to come back', async () => {
    await using endpoint = await openEndpoint();
    for (let tries = 0; tries < 20; tries += 1)
      await endpoint.get(`?${service}`, basic('cerulean', `guess ${tries}`));
    const response = await endpoint.get(
      `?${service}`,
      basic('cerulean', endpoint.deployment.registry.password),
    );
    expect([response.statusCode, response.headers['retry-after']]).toEqual([429, '10']);
    expect(response.json()).toMatchObject({ errors: [{ code: 'TOOMANYREQUESTS' }] });
  });

  test('answers for no host but ours', async () => {
    await using endpoint = await openEndpoint();
    const response = await endpoint.get(`?${service}`, { host: 'evil.example' });
    expect(response.statusCode).toBe(421);
    expect(response.body).not.toContain('oauth2/token');
  });
});

describe('POST /oauth2/token', () => {
  test('takes user and password from the form', async () => {
    await using endpoint = await openEndpoint();
    const { password } = endpoint.deployment.registry;
    const fields = {
      grant_type: 'password',
      service: 'cerulean.azurecr.localhost',
      username: 'cerulean',
      password,
    };
    const response = await endpoint.post(
      form({ ...fields, scope: 'repository:app:metadata_write,metadata_read' }),
    );
    expect(claimsOf(response).access).toEqual([
      { type: 'repository', name: 'app', actions: ['metadata_read', 'metadata_write'] },
    ]);
    expect((await endpoint.post(form({ ...fields, password: 'wrong' }))).statusCode).toBe(401);
  });

  test('takes them from the Authorization header as well', async () => {
    await using endpoint = await openEndpoint();
    const { password, principal } = endpoint.deployment.registry;
    const response = await endpoint.post('grant_type=password', basic('cerulean', password));
    expect(claimsOf(response).sub).toBe(principal);
  });

  test('takes a refresh token', async () => {
    await using endpoint = await openEndpoint();
    const { registry, identity } = endpoint.deployment;
    const audience = { registry: registry.id, loginServer: 'cerulean.azurecr.localhost' };
    const refresh = await identity.tokenIssuer.refreshToken(audience, registry.principal);
    const fields = {
      grant_type: 'refresh_token',
      service: 'cerulean.azurecr.localhost',
      scope: 'repository:app:delete',
    };
    expect(claimsOf(await endpoint.post(form({ ...fields, refresh_token: refresh }))).access).toEqual([
      { type: 'repository', name: 'app', actions: ['delete'] },
    ]);
    const access = await identity.tokenIssuer.accessToken(audience, registry.principal, []);
    expect((await endpoint.post(form({ ...fields, refresh_token: access }))).statusCode).toBe(401);
  });

  test('with an empty refresh token and no user is anonymous, as the SDKs of Azure ask', async () => {
    const asked = form({
      grant_type: 'password',
      service: 'cerulean.azurecr.localhost',
      scope: 'registry:catalog:*',
      refresh_token: '',
    });
    await using open = await openEndpoint({ anonymousPull: true });
    expect(claimsOf(await open.post(asked)).access).toEqual([
      { type: 'registry', name: 'catalog', actions: ['*'] },
    ]);
    await using closed = await openEndpoint();
    expect((await closed.post(asked)).statusCode).toBe(401);
  });

  test.each([
    ['no grant', '', 400, 'grant_type is missing'],
    ['an unknown grant', 'grant_type=client_credentials', 400, 'not supported'],
    ['the grant of an exchange', 'grant_type=access_token&access_token=x', 400, 'not supported'],
    ['a grant that comes twice', 'grant_type=password&grant_type=refresh_token', 400, 'more than once'],
    [
      'a user that comes twice',
      'grant_type=password&username=a&username=b&password=c',
      400,
      'more than once',
    ],
    ['an empty refresh token', 'grant_type=refresh_token&refresh_token=', 400, 'needs a refresh_token'],
    ['a password and no user', 'grant_type=password&password=x', 400, 'needs a username'],
    [
      'two kinds of credentials',
      'grant_type=password&username=a&password=b&refresh_token=c',
      400,
      'takes no refresh_token',
    ],
    ['a refresh token that is none', 'grant_type=refresh_token&refresh_token=x', 401, 'not valid'],
    ['too many scopes', `grant_type=password&scope=${'repository:a:pull+'.repeat(101)}`, 400, 'at most 100'],
    ['a form of more than 64 KiB', `grant_type=password&x=${'y'.repeat(65_536)}`, 400, 'at most 65536 bytes'],
  ])('refuses %s', async (_name, body, status, text) => {
    await using endpoint = await openEndpoint({ anonymousPull: true });
    const response = await endpoint.post(body);
    expect(response.statusCode).toBe(status);
    expect(response.json()).toMatchObject({ errors: [{ message: expect.stringContaining(text) }] });
    expect(response.headers['cache-control']).toBe('no-store');
  });

  test('refuses a body that is no form', async () => {
    await using endpoint = await openEndpoint();
    const response = await endpoint.post('{"grant_type":"password"}', { 'content-type': 'application/json' });
    expect(response.statusCode).toBe(415);
    expect(response.body).toContain('application/x-www-form-urlencoded');
  });
});
