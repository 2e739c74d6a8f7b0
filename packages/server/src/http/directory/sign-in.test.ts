import { describe, expect, test } from 'vitest';
import { makeVerifier } from '../../identity/credential-verifier.ts';
import { newId } from '../../identity/deployment.fixture.ts';
import { toGuid } from '../../identity/guid.ts';
import { claimsIn, openLoginEndpoints } from '../login-endpoints.fixture.ts';

const registries = 'https://containerregistry.azure.net';
/** The Azure CLI's. */
const client = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
const scope = `${registries}/.default openid profile offline_access`;
const password = 'correct horse battery';

type Endpoints = Awaited<ReturnType<typeof openLoginEndpoints>>;

async function addUser({ deployment }: Endpoints, name = 'user@contoso', chosen = password): Promise<string> {
  const { tenant } = deployment;
  const id = newId();
  await deployment.run('createPrincipal', { id, tenant, kind: 'user', name, appId: null });
  await givePassword({ deployment }, id, chosen);
  return id;
}

async function givePassword(
  { deployment }: Pick<Endpoints, 'deployment'>,
  principal: string,
  chosen: string,
  verifierKind: 'scrypt' | 'hmac' = 'scrypt',
): Promise<void> {
  const secret = await deployment.identity.systemKeys.currentSecret('verifier');
  const credential = { id: newId(), verifierKind };
  const verifier = await makeVerifier(credential, chosen, secret);
  const row = { ...credential, verifierVersion: secret.version, verifier };
  await deployment.run('setUserPassword', { stream: deployment.tenant, principal, password: row });
}

const signIn = (endpoints: Endpoints, change: Record<string, string> = {}, segment = 'contoso') =>
  endpoints.ask(`/${segment}/oauth2/v2.0/token`, {
    grant_type: 'password',
    client_id: client,
    client_info: '1',
    username: 'user@contoso',
    password,
    scope,
    ...change,
  });

const refresh = (endpoints: Endpoints, token: string, change: Record<string, string> = {}) =>
  endpoints.ask('/contoso/oauth2/v2.0/token', {
    grant_type: 'refresh_token',
    client_id: client,
    refresh_token: token,
    scope,
    ...change,
  });

const member = (answer: Awaited<ReturnType<typeof signIn>>, name: string) =>
  (answer.json() as Record<string, string>)[name] ?? '';
const refused = (answer: Awaited<ReturnType<typeof signIn>>) => {
  const { error, error_codes: codes } = answer.json() as { error: string; error_codes: number[] };
  return [answer.statusCode, error, ...codes];
};
const notValid = [400, 'invalid_grant', 700082];

describe('a user with a password', () => {
  test('is asked about where az asks, and is told to send it here, whoever it is', async () => {
    await using endpoints = await openLoginEndpoints();
    for (const user of ['user@contoso', 'nobody%40contoso']) {
      const answer = await endpoints.ask(`/common/userrealm/${user}?api-version=1.0`);
      expect(answer.statusCode).toBe(200);
      expect(answer.json()).toMatchObject({ account_type: 'Managed', domain_name: 'contoso' });
    }
  });

  test('gets all that MSAL keeps of an account', async () => {
    await using endpoints = await openLoginEndpoints();
    const id = await addUser(endpoints);
    const tid = toGuid(endpoints.deployment.tenant);
    for (const segment of ['contoso', 'organizations', tid]) {
      const answer = await signIn(endpoints, {}, segment);
      expect(answer.statusCode, answer.body).toBe(200);
      expect(answer.headers['cache-control']).toBe('no-store');
      expect(answer.json()).toMatchObject({ token_type: 'Bearer', expires_in: 3599, scope });
      expect(claimsIn(answer, 'access_token')).toMatchObject({
        aud: registries,
        appid: client,
        idtyp: 'user',
        oid: toGuid(id),
        tid,
        upn: 'user@contoso',
      });
      expect(claimsIn(answer, 'id_token')).toMatchObject({
        aud: client,
        iss: `http://127.0.0.1:5000/${tid}/v2.0`,
        oid: toGuid(id),
        sub: toGuid(id),
        tid,
        preferred_username: 'user@contoso',
      });
      const info = Buffer.from(member(answer, 'client_info'), 'base64url').toString();
      expect(JSON.parse(info)).toEqual({ uid: toGuid(id), utid: tid });
      expect(member(answer, 'refresh_token')).toMatch(/^[0-9a-f]{96}$/);
    }
  });

  test('gets no more than was asked for', async () => {
    await using endpoints = await openLoginEndpoints();
    await addUser(endpoints);
    const answer = await signIn(endpoints, { scope: `${registries}/.default`, client_info: '' });
    expect(Object.keys(answer.json()).toSorted()).toEqual([
      'access_token',
      'expires_in',
      'ext_expires_in',
      'scope',
      'token_type',
    ]);
  });

  test('is refused in one way, whatever is wrong with name and password', async () => {
    await using endpoints = await openLoginEndpoints();
    await addUser(endpoints);
    await endpoints.deployment.createApplication('ci');
    const { tenant } = endpoints.deployment;
    const bare = { id: newId(), tenant, kind: 'user', name: 'bare', appId: null } as const;
    await endpoints.deployment.run('createPrincipal', bare);
    const answers = await Promise.all(
      [{ password: 'wrong' }, { username: 'nobody' }, { username: 'bare' }, { username: 'ci' }].map(
        (change) => signIn(endpoints, change),
      ),
    );
    for (const answer of answers) {
      expect(refused(answer)).toEqual([400, 'invalid_grant', 50126]);
      expect(member(answer, 'error_description')).toContain('invalid username or password');
    }
  });

  test.each([
    ['no client', { client_id: '' }, [400, 'invalid_request', 900144]],
    ['a client that is no GUID', { client_id: 'az' }, [400, 'invalid_request', 900023]],
    ['no name', { username: '' }, [400, 'invalid_request', 900144]],
    ['no password', { password: '' }, [400, 'invalid_request', 900144]],
    ['an unknown resource', { scope: 'https://x.example/.default' }, [400, 'invalid_resource', 500011]],
    ['no resource', { scope: 'openid offline_access' }, [400, 'invalid_scope', 70011]],
    ['another grant', { grant_type: 'authorization_code' }, [400, 'unsupported_grant_type', 70003]],
  ])('with %s is refused', async (_what, change, expected) => {
    await using endpoints = await openLoginEndpoints();
    await addUser(endpoints);
    expect(refused(await signIn(endpoints, change))).toEqual(expected);
  });

  test('signs in to no service principal', async () => {
    await using endpoints = await openLoginEndpoints();
    await addUser(endpoints);
    const { clientId } = await endpoints.deployment.createApplication('ci');
    expect(refused(await signIn(endpoints, { client_id: clientId }))).toEqual([
      401,
      'invalid_client',
      7000218,
    ]);
  });

  test('is told that it is disabled only with the right password', async () => {
    await using endpoints = await openLoginEndpoints();
    const id = await addUser(endpoints);
    await endpoints.deployment.run('enablePrincipal', { id, enabled: false });
    expect(refused(await signIn(endpoints))).toEqual([400, 'invalid_grant', 50057]);
    expect(refused(await signIn(endpoints, { password: 'wrong' }))).toEqual([400, 'invalid_grant', 50126]);
  });

  test('with another password is known by that alone from then on', async () => {
    await using endpoints = await openLoginEndpoints();
    const id = await addUser(endpoints);
    expect((await signIn(endpoints)).statusCode).toBe(200);
    await givePassword(endpoints, id, 'another good password');
    expect(refused(await signIn(endpoints))).toEqual([400, 'invalid_grant', 50126]);
    expect((await signIn(endpoints, { password: 'another good password' })).statusCode).toBe(200);
  });

  test('can not be guessed at without end', async () => {
    await using endpoints = await openLoginEndpoints();
    // Checking a password that was drawn is cheap.
    await givePassword(endpoints, await addUser(endpoints), password, 'hmac');
    for (let attempt = 0; attempt < 20; attempt += 1) await signIn(endpoints, { password: 'wrong' });
    expect((await signIn(endpoints)).statusCode).toBe(429);
    endpoints.deployment.now += 61_000;
    expect((await signIn(endpoints)).statusCode).toBe(200);
  });

  test('is let into registries by its roles, and an id token opens nothing', async () => {
    await using endpoints = await openLoginEndpoints();
    const id = await addUser(endpoints);
    const { registry, tenant } = endpoints.deployment;
    const answer = await signIn(endpoints);
    const exchange = async (token: string) => {
      const form = { grant_type: 'access_token', service: 'cerulean.azurecr.localhost', access_token: token };
      return (await endpoints.ask('/oauth2/exchange', form)).statusCode;
    };
    expect(await exchange(member(answer, 'access_token'))).toBe(401);
    await endpoints.deployment.run('addRoleAssignment', {
      stream: tenant,
      id: newId(),
      principal: id,
      role: '7f951dda-4ed3-4680-a7ca-43fe172d538d',
      scope: { kind: 'registry', registry: registry.id },
    });
    expect(await exchange(member(answer, 'access_token'))).toBe(200);
    expect(await exchange(member(answer, 'id_token'))).toBe(401);
    expect(await exchange(member(answer, 'refresh_token'))).toBe(401);
  });
});

describe('a refresh token', () => {
  const signedIn = async (endpoints: Endpoints): Promise<{ id: string; token: string }> => {
    const id = await addUser(endpoints);
    return { id, token: member(await signIn(endpoints), 'refresh_token') };
  };

  test('gives a token for any resource, and the next refresh token', async () => {
    await using endpoints = await openLoginEndpoints();
    const { token } = await signedIn(endpoints);
    const answer = await refresh(endpoints, token, { scope: 'https://management.azure.com/.default' });
    expect(answer.statusCode, answer.body).toBe(200);
    expect(claimsIn(answer, 'access_token')).toMatchObject({
      aud: 'https://management.azure.com',
      idtyp: 'user',
    });
    const next = member(answer, 'refresh_token');
    expect(next).toMatch(/^[0-9a-f]{96}$/);
    expect(next.slice(0, 32)).toBe(token.slice(0, 32));
    expect(next.slice(32)).not.toBe(token.slice(32));
    endpoints.deployment.now += 3600_000;
    expect((await refresh(endpoints, next)).statusCode).toBe(200);
  });

  test('that was used before is worth nothing and ends the sign-in, which is reported', async () => {
    await using endpoints = await openLoginEndpoints();
    const { id, token } = await signedIn(endpoints);
    const next = member(await refresh(endpoints, token), 'refresh_token');
    endpoints.deployment.now += 31_000;
    expect(refused(await refresh(endpoints, token))).toEqual(notValid);
    expect(refused(await refresh(endpoints, next))).toEqual(notValid);
    expect(endpoints.deployment.reuses).toEqual([id]);
  });

  test('that comes again at once, as after a lost answer, gives the same next token', async () => {
    await using endpoints = await openLoginEndpoints();
    const { token } = await signedIn(endpoints);
    const answers = await Promise.all([refresh(endpoints, token), refresh(endpoints, token)]);
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200]);
    const [first, second] = answers.map((answer) => member(answer, 'refresh_token'));
    expect(first).toBe(second);
    endpoints.deployment.now += 31_000;
    expect((await refresh(endpoints, first ?? '')).statusCode).toBe(200);
    expect(endpoints.deployment.reuses).toEqual([]);
  });

  test('is one program’s', async () => {
    await using endpoints = await openLoginEndpoints();
    const { token } = await signedIn(endpoints);
    expect(refused(await refresh(endpoints, token, { client_id: toGuid(newId()) }))).toEqual(notValid);
    expect((await refresh(endpoints, token)).statusCode).toBe(200);
  });

  test('that was changed or made up is worth nothing', async () => {
    await using endpoints = await openLoginEndpoints();
    const { token } = await signedIn(endpoints);
    const madeUp = newId() + newId() + newId();
    for (const wrong of ['x', token.slice(0, -1), `${token}0`, token.toUpperCase(), madeUp])
      expect(refused(await refresh(endpoints, wrong))).toEqual(notValid);
    expect((await refresh(endpoints, token)).statusCode).toBe(200);
  });

  test('is worth nothing after ninety days', async () => {
    await using endpoints = await openLoginEndpoints();
    const { token } = await signedIn(endpoints);
    endpoints.deployment.now += 90 * 24 * 3600_000;
    expect(refused(await refresh(endpoints, token))).toEqual(notValid);
  });

  test.each([
    ['disabled', (e: Endpoints, id: string) => e.deployment.run('enablePrincipal', { id, enabled: false })],
    ['deleted', (e: Endpoints, id: string) => e.deployment.run('deletePrincipal', { id })],
    ['given another password', (e: Endpoints, id: string) => givePassword(e, id, 'another good password')],
  ])('is worth nothing once its user is %s', async (_what, change) => {
    await using endpoints = await openLoginEndpoints();
    const { id, token } = await signedIn(endpoints);
    await change(endpoints, id);
    expect(refused(await refresh(endpoints, token))).toEqual(notValid);
  });
});
