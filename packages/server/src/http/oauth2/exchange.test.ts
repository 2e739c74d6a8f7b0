import { generateKeyPairSync } from 'node:crypto';
import { CompactSign, decodeJwt, decodeProtectedHeader } from 'jose';
import { describe, expect, test } from 'vitest';
import { tokenUser } from '../../identity/authenticate.ts';
import { newId } from '../../identity/deployment.fixture.ts';
import { toGuid } from '../../identity/guid.ts';
import { basic, claimsIn, openLoginEndpoints, service } from '../login-endpoints.fixture.ts';

type Endpoints = Awaited<ReturnType<typeof openLoginEndpoints>>;

const registries = 'https://containerregistry.azure.net';
const pull = 'repository:app:pull,push';

/** What @azure/identity and its like bring. */
async function directoryToken(
  endpoints: Endpoints,
  app: { readonly clientId: string; readonly secret: string },
  audience = registries,
): Promise<string> {
  const form = {
    grant_type: 'client_credentials',
    client_id: app.clientId,
    client_secret: app.secret,
    scope: `${audience}/.default`,
  };
  const answer = await endpoints.ask('/adfs/oauth2/token', form);
  expect(answer.statusCode, answer.body).toBe(200);
  return (answer.json() as { access_token: string }).access_token;
}

const exchange = (endpoints: Endpoints, token: string, more: Record<string, string> = {}) =>
  endpoints.ask('/oauth2/exchange', { grant_type: 'access_token', service, access_token: token, ...more });

/** Signs other claims under the directory's own key. */
async function resigned(endpoints: Endpoints, token: string, change: object): Promise<string> {
  const { privateKey, kid } = await endpoints.deployment.identity.systemKeys.issuer.current();
  const payload = Buffer.from(JSON.stringify({ ...decodeJwt(token), ...change }));
  return new CompactSign(payload).setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' }).sign(privateKey);
}

describe('POST /oauth2/exchange', () => {
  test('gives a refresh token of three hours, with the claims of ACR, and that gives an access token', async () => {
    await using endpoints = await openLoginEndpoints();
    const { deployment } = endpoints;
    const app = await deployment.createApplication('ci', 'AcrPull');
    const answer = await exchange(endpoints, await directoryToken(endpoints, app), {
      tenant: toGuid(deployment.tenant),
    });
    expect(answer.statusCode, answer.body).toBe(200);
    expect(Object.keys(answer.json())).toEqual(['refresh_token']);
    const now = deployment.now / 1000;
    expect(claimsIn(answer, 'refresh_token')).toEqual({
      jti: expect.stringMatching(/^[0-9a-f]{8}-/),
      sub: app.id,
      nbf: now,
      exp: now + 3 * 3600,
      iat: now,
      iss: 'Azure Container Registry',
      aud: service,
      version: '1.0',
      rid: deployment.registry.id,
      grant_type: 'refresh_token',
      tenant: toGuid(deployment.tenant),
      permissions: { actions: ['*'], notActions: [] },
      roles: [],
    });
    const { refresh_token: refresh } = answer.json() as { refresh_token: string };
    const form = { grant_type: 'refresh_token', service, scope: pull, refresh_token: refresh };
    const issued = await endpoints.ask('/oauth2/token', form);
    expect(claimsIn(issued, 'access_token')).toMatchObject({
      sub: app.id,
      exp: now + 4500,
      access: [{ type: 'repository', name: 'app', actions: ['pull'] }],
    });
    const docker = `/oauth2/token?service=${service}&scope=${pull}`;
    const byDocker = await endpoints.ask(docker, undefined, basic(tokenUser, refresh));
    expect(claimsIn(byDocker, 'access_token')['access']).toHaveLength(1);
  });

  test.each([
    'https://management.azure.com',
    'https://management.core.windows.net/',
    'http://127.0.0.1:5000',
  ])('takes a token for %s too', async (audience) => {
    await using endpoints = await openLoginEndpoints();
    const app = await endpoints.deployment.createApplication('ci', 'AcrPull');
    expect((await exchange(endpoints, await directoryToken(endpoints, app, audience))).statusCode).toBe(200);
  });

  test('takes what the kubelet sends: the same token twice, and an empty tenant', async () => {
    await using endpoints = await openLoginEndpoints();
    const app = await endpoints.deployment.createApplication('node', 'AcrPull');
    const token = await directoryToken(endpoints, app);
    const twice = { grant_type: 'access_token_refresh_token', refresh_token: token, tenant: '' };
    expect((await exchange(endpoints, token, twice)).statusCode).toBe(200);
    const once = { grant_type: 'refresh_token', service, refresh_token: token };
    expect((await endpoints.ask('/oauth2/exchange', once)).statusCode).toBe(200);
  });

  test('a token of the directory is good as the password of the null GUID', async () => {
    await using endpoints = await openLoginEndpoints();
    const app = await endpoints.deployment.createApplication('ci', 'AcrPull');
    const token = await directoryToken(endpoints, app);
    const answer = await endpoints.ask(
      `/oauth2/token?service=${service}`,
      undefined,
      basic(tokenUser, token),
    );
    expect(answer.statusCode).toBe(200);
  });

  test.each([
    { what: 'no grant', form: { grant_type: '' } },
    { what: 'a grant of the other endpoint', form: { grant_type: 'password' } },
    { what: 'no token', form: { access_token: '' } },
    { what: 'another registry', form: { service: 'other.azurecr.localhost' } },
    { what: 'another tenant', form: { tenant: toGuid(newId()) } },
  ])('is a bad request with $what', async ({ form }) => {
    await using endpoints = await openLoginEndpoints();
    const app = await endpoints.deployment.createApplication('ci', 'AcrPull');
    expect((await exchange(endpoints, await directoryToken(endpoints, app), form)).statusCode).toBe(400);
  });

  test('is refused to whoever has no role here, with a challenge and the reason', async () => {
    await using endpoints = await openLoginEndpoints();
    const app = await endpoints.deployment.createApplication('ci');
    const answer = await exchange(endpoints, await directoryToken(endpoints, app));
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toMatchObject({
      errors: [{ message: 'Login is refused: the principal has no role assignment.' }],
    });
    expect(answer.headers['www-authenticate']).toBe(
      `Bearer realm="http://127.0.0.1:5000/oauth2/token",service="${service}"`,
    );
  });

  test.each<{ what: string; change: (now: number) => object }>([
    { what: 'another audience', change: () => ({ aud: 'https://graph.microsoft.com' }) },
    { what: 'an audience like ours', change: () => ({ aud: `${registries}.evil.example` }) },
    { what: 'no audience', change: () => ({ aud: undefined }) },
    { what: 'several audiences', change: () => ({ aud: [registries] }) },
    { what: 'another issuer', change: () => ({ iss: 'https://sts.windows.net/x/' }) },
    { what: 'no issuer', change: () => ({ iss: undefined }) },
    { what: 'another tenant', change: () => ({ tid: toGuid(newId()) }) },
    { what: 'another subject', change: () => ({ oid: toGuid(newId()) }) },
    { what: 'no subject', change: () => ({ oid: undefined }) },
    { what: 'a subject that is a number', change: () => ({ oid: 1 }) },
    { what: 'a time that is over', change: (now) => ({ exp: now - 60 }) },
    { what: 'no end', change: () => ({ exp: undefined }) },
    { what: 'an end in words', change: () => ({ exp: 'never' }) },
    { what: 'a time that is not yet', change: (now) => ({ nbf: now + 61 }) },
    { what: 'no beginning', change: () => ({ nbf: undefined }) },
  ])('a token with $what is refused', async ({ change }) => {
    await using endpoints = await openLoginEndpoints();
    const app = await endpoints.deployment.createApplication('ci', 'AcrPull');
    const token = await directoryToken(endpoints, app);
    const now = endpoints.deployment.now / 1000;
    expect((await exchange(endpoints, await resigned(endpoints, token, {}))).statusCode).toBe(200);
    const bad = await resigned(endpoints, token, change(now));
    expect((await exchange(endpoints, bad)).statusCode).toBe(401);
  });

  test.each<{ what: string; header: object; key: 'none' | 'public' | 'foreign' }>([
    { what: 'no signature', header: { alg: 'none' }, key: 'none' },
    { what: 'a MAC under the public key', header: { alg: 'HS256' }, key: 'public' },
    { what: 'the signature of somebody else', header: {}, key: 'foreign' },
    { what: 'a key of its own in the header', header: { jwk: {} }, key: 'foreign' },
    {
      what: 'an address of keys in the header',
      header: { jku: 'https://evil.example/keys' },
      key: 'foreign',
    },
    { what: 'an unknown kid', header: { kid: 'x' }, key: 'foreign' },
    { what: 'a critical header', header: { crit: ['exp'], exp: 1 }, key: 'foreign' },
    { what: 'a kid that is a path', header: { kid: '../../dev/null' }, key: 'foreign' },
  ])('a token with $what is refused', async ({ header, key }) => {
    await using endpoints = await openLoginEndpoints();
    const app = await endpoints.deployment.createApplication('ci', 'AcrPull');
    const token = await directoryToken(endpoints, app);
    const { kid, publicKey } = await endpoints.deployment.identity.systemKeys.issuer.current();
    const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const own = foreign.publicKey.export({ format: 'jwk' });
    const whole = { alg: 'RS256', kid, typ: 'JWT', ...header, ...('jwk' in header ? { jwk: own } : {}) };
    const [, payload = ''] = token.split('.');
    const forged = async () => {
      if (key === 'none') {
        const head = Buffer.from(JSON.stringify(whole)).toString('base64url');
        return `${head}.${payload}.`;
      }
      const pem = Buffer.from(publicKey.export({ format: 'pem', type: 'spki' }));
      const signing = new CompactSign(Buffer.from(payload, 'base64url')).setProtectedHeader(whole);
      return signing.sign(key === 'public' ? pem : foreign.privateKey, { crit: { exp: true } });
    };
    expect((await exchange(endpoints, await forged())).statusCode).toBe(401);
  });

  test.each(['x', '..', 'a.b.c', '.'.repeat(5000), 'x'.repeat(9000)])('garbage is refused', async (token) => {
    await using endpoints = await openLoginEndpoints();
    expect((await exchange(endpoints, token)).statusCode).toBe(401);
  });

  test('nothing of a registry that was deleted opens another of the same name', async () => {
    await using endpoints = await openLoginEndpoints();
    const { deployment } = endpoints;
    const old = await deployment.createRegistry('payments');
    const app = await deployment.createApplication('ci');
    const scope = { kind: 'registry', registry: old.id } as const;
    const role = '7f951dda-4ed3-4680-a7ca-43fe172d538d';
    await deployment.run('addRoleAssignment', {
      stream: old.id,
      id: newId(),
      principal: app.id,
      role,
      scope,
    });
    const host = { host: 'payments.azurecr.localhost' };
    const token = await directoryToken(endpoints, app);
    const form = { grant_type: 'access_token', access_token: token };
    const refresh = await endpoints.ask('/oauth2/exchange', form, host);
    expect(refresh.statusCode).toBe(200);
    await deployment.run('deleteRegistry', { registry: old.id });
    await deployment.createRegistry('payments');
    expect((await endpoints.ask('/oauth2/exchange', form, host)).statusCode).toBe(401);
    const { refresh_token: kept } = refresh.json() as { refresh_token: string };
    const again = { grant_type: 'refresh_token', scope: pull, refresh_token: kept };
    expect((await endpoints.ask('/oauth2/token', again, host)).statusCode).toBe(401);
  });

  test('the id of an admin user or of a token in a token of the directory opens nothing', async () => {
    await using endpoints = await openLoginEndpoints();
    const { deployment } = endpoints;
    const app = await deployment.createApplication('ci', 'AcrPull');
    const token = await directoryToken(endpoints, app);
    const robot = await deployment.createToken('robot', '_repositories_admin');
    for (const id of [deployment.registry.principal, robot.id]) {
      const forged = await resigned(endpoints, token, { oid: toGuid(id) });
      expect((await exchange(endpoints, forged)).statusCode).toBe(401);
    }
  });

  test("neither kind of token passes for the other, nor a registry's refresh token for one that can be prolonged", async () => {
    await using endpoints = await openLoginEndpoints();
    const app = await endpoints.deployment.createApplication('ci', 'AcrPull');
    const token = await directoryToken(endpoints, app);
    const { refresh_token: refresh } = (await exchange(endpoints, token)).json() as { refresh_token: string };
    expect(decodeProtectedHeader(token).kid).not.toBe(decodeProtectedHeader(refresh).kid);
    expect((await exchange(endpoints, refresh)).statusCode).toBe(401);
    const prolong = { grant_type: 'refresh_token', service, refresh_token: refresh };
    expect((await endpoints.ask('/oauth2/exchange', prolong)).statusCode).toBe(401);
    const asRefresh = { grant_type: 'refresh_token', service, scope: pull, refresh_token: token };
    expect((await endpoints.ask('/oauth2/token', asRefresh)).statusCode).toBe(401);
    const place = await placeOf(endpoints);
    const { authenticator } = endpoints.deployment.identity;
    await expect(authenticator.authenticate({ scheme: 'bearer', token }, place)).rejects.toMatchObject({
      code: 'unauthorized',
    });
  });

  test('a refresh token of one registry is worth nothing at another', async () => {
    await using endpoints = await openLoginEndpoints();
    const { deployment } = endpoints;
    const other = await deployment.createRegistry('otherone');
    const app = await deployment.createApplication('ci', 'AcrPull');
    const scope = { kind: 'registry', registry: other.id } as const;
    const role = '7f951dda-4ed3-4680-a7ca-43fe172d538d';
    await deployment.run('addRoleAssignment', {
      stream: other.id,
      id: newId(),
      principal: app.id,
      role,
      scope,
    });
    const { refresh_token: refresh } = (
      await exchange(endpoints, await directoryToken(endpoints, app))
    ).json() as {
      refresh_token: string;
    };
    const form = { grant_type: 'refresh_token', scope: pull, refresh_token: refresh };
    const host = { host: 'otherone.azurecr.localhost' };
    expect((await endpoints.ask('/oauth2/token', form)).statusCode).toBe(200);
    expect((await endpoints.ask('/oauth2/token', form, host)).statusCode).toBe(401);
  });

  test.each(['disable', 'delete', 'take the role away'])(
    'what was handed out is over at once: %s',
    async (change) => {
      await using endpoints = await openLoginEndpoints();
      const { deployment } = endpoints;
      const app = await deployment.createApplication('ci', 'AcrPull');
      const token = await directoryToken(endpoints, app);
      const { refresh_token: refresh } = (await exchange(endpoints, token)).json() as {
        refresh_token: string;
      };
      const form = { grant_type: 'refresh_token', service, scope: pull, refresh_token: refresh };
      expect((await endpoints.ask('/oauth2/token', form)).statusCode).toBe(200);
      const [assignment] = await deployment.reader.listAssignments();
      if (change === 'disable') await deployment.run('enablePrincipal', { id: app.id, enabled: false });
      else if (change === 'delete') await deployment.run('deletePrincipal', { id: app.id });
      else
        await deployment.run('deleteRoleAssignment', { stream: deployment.tenant, id: assignment?.id ?? '' });
      expect((await endpoints.ask('/oauth2/token', form)).statusCode).toBe(401);
      expect((await exchange(endpoints, token)).statusCode).toBe(401);
    },
  );
});

describe('a login at /oauth2/token', () => {
  test('with client id and secret, by Basic and as a form, gets what the role allows', async () => {
    await using endpoints = await openLoginEndpoints();
    const app = await endpoints.deployment.createApplication('ci', 'AcrPush');
    const asked = 'repository:app:pull,push,delete,metadata_read,metadata_write';
    const query = `/oauth2/token?service=${service}&scope=${asked}&scope=registry:catalog:*`;
    const byBasic = await endpoints.ask(query, undefined, basic(app.clientId.toUpperCase(), app.secret));
    const form = {
      grant_type: 'password',
      service,
      scope: asked,
      username: app.clientId,
      password: app.secret,
    };
    expect(claimsIn(byBasic, 'access_token')['access']).toEqual([
      { type: 'registry', name: 'catalog', actions: ['*'] },
      { type: 'repository', name: 'app', actions: ['metadata_read', 'pull', 'push'] },
    ]);
    expect(claimsIn(await endpoints.ask('/oauth2/token', form), 'access_token')['access']).toHaveLength(1);
  });

  test('with a token and its password gets what the scope map allows, until the password expires', async () => {
    await using endpoints = await openLoginEndpoints();
    const { deployment } = endpoints;
    const robot = await deployment.createToken('robot', '_repositories_push', deployment.now + 5000);
    const query = `/oauth2/token?service=${service}&scope=repository:app:*&scope=registry:catalog:*`;
    const answer = await endpoints.ask(query, undefined, basic('robot', robot.password));
    expect(claimsIn(answer, 'access_token')['access']).toEqual([
      { type: 'repository', name: 'app', actions: ['pull', 'push'] },
    ]);
    deployment.now += 5000;
    const late = await endpoints.ask(query, undefined, basic('robot', robot.password));
    expect([late.statusCode, late.body]).toEqual([401, expect.stringContaining('has expired')]);
  });

  test('a token of one registry is nobody at another', async () => {
    await using endpoints = await openLoginEndpoints();
    await endpoints.deployment.createRegistry('otherone');
    const robot = await endpoints.deployment.createToken('robot', '_repositories_admin');
    const host = { host: 'otherone.azurecr.localhost', ...basic('robot', robot.password) };
    expect((await endpoints.ask('/oauth2/token', undefined, host)).statusCode).toBe(401);
  });
});

async function placeOf({ deployment }: Endpoints) {
  const registry = await deployment.identity.directory.registryByName('cerulean');
  if (registry === undefined) throw new Error('The registry is not there.');
  return { registry, loginServer: service, clientAddress: '192.0.2.1' };
}
