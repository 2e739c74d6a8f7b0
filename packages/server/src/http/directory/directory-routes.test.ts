import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { CompactSign, compactVerify, createLocalJWKSet, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { newId } from '../../identity/deployment.fixture.ts';
import { toGuid } from '../../identity/guid.ts';
import { startIssuer } from '../../identity/made-issuer.fixture.ts';
import { claimsIn, openLoginEndpoints } from '../login-endpoints.fixture.ts';

const origin = 'http://127.0.0.1:5000';
const registries = 'https://containerregistry.azure.net';
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

type Endpoints = Awaited<ReturnType<typeof openLoginEndpoints>>;

const asking = (clientId: string, more: Record<string, string>) => ({
  grant_type: 'client_credentials',
  client_id: clientId,
  scope: `${registries}/.default`,
  ...more,
});

const askToken = (
  endpoints: Endpoints,
  form: Record<string, string>,
  segment = toGuid(endpoints.deployment.tenant),
) => endpoints.ask(`/${segment}/oauth2/v2.0/token`, form);

describe('discovery', () => {
  test('names the endpoints of a tenant, by its id in any case and by its name', async () => {
    await using endpoints = await openLoginEndpoints();
    const tenant = toGuid(endpoints.deployment.tenant);
    for (const segment of [tenant, tenant.toUpperCase(), 'contoso', 'common', 'organizations']) {
      const answer = await endpoints.ask(`/${segment}/v2.0/.well-known/openid-configuration`);
      expect(answer.statusCode).toBe(200);
      expect(answer.json()).toMatchObject({
        issuer: `${origin}/${tenant}/v2.0`,
        authorization_endpoint: `${origin}/${tenant}/oauth2/v2.0/authorize`,
        token_endpoint: `${origin}/${tenant}/oauth2/v2.0/token`,
        jwks_uri: `${origin}/${tenant}/discovery/v2.0/keys`,
      });
    }
  });

  test('has a second door at /adfs, which no library looks up elsewhere', async () => {
    await using endpoints = await openLoginEndpoints();
    const answer = await endpoints.ask('/adfs/.well-known/openid-configuration');
    expect(answer.json()).toMatchObject({
      issuer: `${origin}/adfs`,
      token_endpoint: `${origin}/adfs/oauth2/token`,
      jwks_uri: `${origin}/adfs/discovery/keys`,
    });
    expect((await endpoints.ask('/adfs/discovery/keys')).json()).toMatchObject({ keys: [{ kty: 'RSA' }] });
  });

  test('answers for its own instance', async () => {
    await using endpoints = await openLoginEndpoints();
    const query = `authorization_endpoint=${origin}/x/oauth2/v2.0/authorize&api-version=1.1`;
    const answer = await endpoints.ask(`/common/discovery/instance?${query}`);
    expect(answer.json()).toMatchObject({ metadata: [{ aliases: ['127.0.0.1:5000'] }] });
  });

  test('of a tenant that is not there is refused as Entra ID does', async () => {
    await using endpoints = await openLoginEndpoints();
    const answer = await endpoints.ask(`/${toGuid(newId())}/v2.0/.well-known/openid-configuration`);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ error: 'invalid_request', error_codes: [90002] });
  });

  test('shows the public keys only, and they verify what is signed', async () => {
    await using endpoints = await openLoginEndpoints();
    const app = await endpoints.deployment.createApplication('ci');
    const issued = await askToken(endpoints, asking(app.clientId, { client_secret: app.secret }));
    const { access_token: token } = issued.json() as { access_token: string };
    const keys = (await endpoints.ask('/contoso/discovery/v2.0/keys')).json();
    expect(Object.keys(keys.keys[0]).toSorted()).toEqual(['alg', 'e', 'issuer', 'kid', 'kty', 'n', 'use']);
    await expect(compactVerify(token, createLocalJWKSet(keys))).resolves.toBeDefined();
  });
});

describe('a client secret', () => {
  test.each([
    ['v2', '/oauth2/v2.0/token', { scope: `${registries}/.default` }],
    [
      'v2 with what Go asks along',
      '/oauth2/v2.0/token',
      { scope: `${registries}/.default openid offline_access profile` },
    ],
    ['v1', '/oauth2/token', { scope: '', resource: registries }],
    ['an audience with a slash', '/oauth2/v2.0/token', { scope: 'https://management.azure.com//.default' }],
  ])('gets a token: %s', async (_name, path, more) => {
    await using endpoints = await openLoginEndpoints();
    const app = await endpoints.deployment.createApplication('ci');
    const form = asking(app.clientId, { client_secret: app.secret, ...more });
    for (const segment of ['contoso', 'adfs', toGuid(endpoints.deployment.tenant)]) {
      const answer = await endpoints.ask(`/${segment}${path}`, form);
      expect(answer.statusCode, answer.body).toBe(200);
      expect(answer.json()).toMatchObject({ token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599 });
      expect(answer.headers['cache-control']).toBe('no-store');
      const tid = toGuid(endpoints.deployment.tenant);
      expect(claimsIn(answer, 'access_token')).toMatchObject({
        aud: form.scope.startsWith('https://management') ? 'https://management.azure.com/' : registries,
        iss: `${origin}/${tid}/v2.0`,
        appid: app.clientId,
        oid: toGuid(app.id),
        tid,
        exp: endpoints.deployment.now / 1000 + 3600,
      });
    }
  });

  test('may come by Basic', async () => {
    await using endpoints = await openLoginEndpoints();
    const app = await endpoints.deployment.createApplication('ci');
    const authorization = `Basic ${Buffer.from(`${app.clientId}:${app.secret}`).toString('base64')}`;
    const form = { grant_type: 'client_credentials', scope: `${registries}/.default` };
    expect((await endpoints.ask('/adfs/oauth2/token', form, { authorization })).statusCode).toBe(200);
  });

  test.each([
    {
      what: 'a wrong secret',
      change: { client_secret: 'wrong' },
      status: 401,
      error: 'invalid_client',
      code: 7000215,
    },
    {
      what: 'an unknown client',
      change: { client_id: toGuid(newId()) },
      status: 400,
      error: 'unauthorized_client',
      code: 700016,
    },
    {
      what: 'a client that is no GUID',
      change: { client_id: 'ci' },
      status: 400,
      error: 'unauthorized_client',
      code: 700016,
    },
    { what: 'no secret', change: { client_secret: '' }, status: 401, error: 'invalid_client', code: 7000218 },
    { what: 'no client', change: { client_id: '' }, status: 400, error: 'invalid_request', code: 900144 },
    { what: 'no grant', change: { grant_type: '' }, status: 400, error: 'invalid_request', code: 900144 },
    {
      what: 'another grant',
      change: { grant_type: 'authorization_code' },
      status: 400,
      error: 'unsupported_grant_type',
      code: 70003,
    },
    { what: 'no scope', change: { scope: '' }, status: 400, error: 'invalid_request', code: 900144 },
    {
      what: 'a scope of its own',
      change: { scope: `${registries}/pull` },
      status: 400,
      error: 'invalid_scope',
      code: 70011,
    },
    {
      what: 'a strange resource',
      change: { scope: 'https://evil.example/.default' },
      status: 400,
      error: 'invalid_resource',
      code: 500011,
    },
  ])('$what is refused with AADSTS$code', async ({ change, status, error, code }) => {
    await using endpoints = await openLoginEndpoints();
    const app = await endpoints.deployment.createApplication('ci');
    const answer = await askToken(endpoints, {
      ...asking(app.clientId, { client_secret: app.secret }),
      ...change,
    });
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toMatchObject({ error, error_codes: [code] });
    const { error_description: text } = answer.json() as { error_description: string };
    expect(text).toMatch(
      new RegExp(
        `^AADSTS${code}: .+ Trace ID: [0-9a-f]{32} Correlation ID: [0-9a-f]{32} Timestamp: 2026-11-24 00:00:00Z$`,
      ),
    );
    expect(answer.body).not.toContain(app.secret);
  });

  test('that has expired is told so, to whoever knows it', async () => {
    await using endpoints = await openLoginEndpoints();
    const { deployment } = endpoints;
    const app = await deployment.createApplication('ci');
    const [row] = await deployment.reader.listSecrets(app.id);
    const expiring = { id: row?.id ?? '', owner: app.id, name: 'x', hint: '', verifierVersion: 1 };
    const secret = {
      ...expiring,
      verifier: row?.verifier ?? new Uint8Array(),
      expiresAt: deployment.now + 1000,
    };
    await deployment.run('deleteSecret', { stream: deployment.tenant, owner: app.id, id: expiring.id });
    await deployment.run('addSecret', { stream: deployment.tenant, secret, replaces: false });
    const form = asking(app.clientId, { client_secret: app.secret });
    expect((await askToken(endpoints, form)).statusCode).toBe(200);
    deployment.now += 1000;
    expect((await askToken(endpoints, form)).json()).toMatchObject({
      error: 'invalid_client',
      error_codes: [7000222],
    });
    const wrong = await askToken(endpoints, { ...form, client_secret: 'wrong' });
    expect(wrong.json()).toMatchObject({ error_codes: [7000215] });
  });

  test('of a disabled application opens nothing', async () => {
    await using endpoints = await openLoginEndpoints();
    const app = await endpoints.deployment.createApplication('ci');
    await endpoints.deployment.run('enablePrincipal', { id: app.id, enabled: false });
    const answer = await askToken(endpoints, asking(app.clientId, { client_secret: app.secret }));
    expect(answer.json()).toMatchObject({ error: 'unauthorized_client', error_codes: [7000112] });
  });

  test('of one tenant is unknown in another', async () => {
    await using endpoints = await openLoginEndpoints();
    const { deployment } = endpoints;
    const { clientId, secret } = await deployment.createApplication('ci');
    const client = { clientId, proof: { kind: 'secret', secret } } as const;
    const place = { audiences: [], clientAddress: '192.0.2.1' };
    const own = { ...place, tenant: { id: deployment.tenant, name: 'contoso' } };
    await expect(deployment.identity.clientLogin(client, own)).resolves.toMatchObject({ name: 'ci' });
    const other = { ...place, tenant: { id: newId(), name: 'fabrikam' } };
    await expect(deployment.identity.clientLogin(client, other)).rejects.toMatchObject({ aadsts: 700016 });
  });

  test('that is guessed too often has to wait', async () => {
    await using endpoints = await openLoginEndpoints();
    const app = await endpoints.deployment.createApplication('ci');
    const form = asking(app.clientId, { client_secret: 'wrong' });
    for (let tries = 0; tries < 20; tries += 1) await askToken(endpoints, form);
    const answer = await askToken(endpoints, { ...form, client_secret: app.secret });
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([429, '10']);
  });

  test('parameters that come twice, and a body that is no form, are refused', async () => {
    await using endpoints = await openLoginEndpoints();
    const headers = { 'content-type': 'application/json' };
    expect((await endpoints.ask('/adfs/oauth2/token', {}, headers)).statusCode).toBe(415);
    expect((await askToken(endpoints, {})).json()).toMatchObject({ error_codes: [900144] });
  });
});

interface Signer {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}
const pair = (): Signer => generateKeyPairSync('rsa', { modulusLength: 2048 });
const [own, foreign] = [pair(), pair()];
/** Both thumbprints of this text have characters in which the two alphabets of base64 differ. */
const thumbprint = (name: 'sha1' | 'sha256') => createHash(name).update('a certificate').digest();

/** An application with a certificate, whose thumbprints are made up: they only pick the key. */
async function withCertificate(endpoints: Endpoints, expiresAt = endpoints.deployment.now + 86_400_000) {
  const { deployment } = endpoints;
  const app = await deployment.createApplication('ci');
  const certificate = {
    id: newId(),
    owner: app.id,
    name: 'certificate',
    sha1: thumbprint('sha1').toString('hex'),
    sha256: thumbprint('sha256').toString('hex'),
    publicKey: new Uint8Array(own.publicKey.export({ format: 'der', type: 'spki' })),
    expiresAt,
  };
  await deployment.run('addCertificate', { stream: deployment.tenant, certificate });
  return app;
}

function assertionOf(
  endpoints: Endpoints,
  clientId: string,
  given: { claims?: Record<string, unknown>; header?: Record<string, unknown>; key?: Signer },
) {
  const now = endpoints.deployment.now / 1000;
  const header = { alg: 'RS256', typ: 'JWT', x5t: thumbprint('sha1').toString('base64url'), ...given.header };
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: `${origin}/${toGuid(endpoints.deployment.tenant)}/oauth2/v2.0/token`,
    iat: now,
    nbf: now,
    exp: now + 600,
    jti: newId(),
    ...given.claims,
  };
  return new SignJWT(claims)
    .setProtectedHeader(header as never)
    .sign((given.key ?? own).privateKey, { crit: { strange: true } });
}

const withAssertion = (clientId: string, assertion: string) =>
  asking(clientId, { client_assertion: assertion, client_assertion_type: assertionType });

describe('an assertion under a certificate', () => {
  test.each([
    { header: {} },
    { header: { alg: 'PS256', x5t: undefined, 'x5t#S256': thumbprint('sha256').toString('base64url') } },
    { claims: { aud: `${origin}/adfs/oauth2/token` } },
    { header: { x5t: `${thumbprint('sha1').toString('base64url')}=` } },
    { header: { x5t: thumbprint('sha1').toString('base64') } },
    { header: { alg: 'PS256', x5t: undefined, 'x5t#S256': thumbprint('sha256').toString('base64') } },
  ])('gets a token: %o', async (given) => {
    await using endpoints = await openLoginEndpoints();
    const app = await withCertificate(endpoints);
    const assertion = await assertionOf(endpoints, app.clientId, given);
    const answer = await askToken(endpoints, withAssertion(app.clientId, assertion));
    expect(answer.statusCode, answer.body).toBe(200);
  });

  const day = 24 * 3600;
  const now = Date.UTC(2026, 10, 24) / 1000;
  test.each<{ what: string; code: number; claims?: object; header?: object; key?: Signer }>([
    { what: 'a key that nobody knows', key: foreign, code: 700027 },
    { what: 'another thumbprint', header: { x5t: 'AAAA' }, code: 700027 },
    {
      what: 'the key in its own header',
      header: { x5t: 'AAAA', jwk: foreign.publicKey.export({ format: 'jwk' }) },
      key: foreign,
      code: 700027,
    },
    { what: 'an unknown critical header', header: { crit: ['strange'], strange: true }, code: 700027 },
    { what: 'another audience', claims: { aud: 'https://login.example/token' }, code: 700027 },
    { what: 'no audience', claims: { aud: undefined }, code: 700027 },
    { what: 'another subject', claims: { sub: toGuid(newId()) }, code: 700027 },
    { what: 'a time that is over', claims: { exp: now - 61 }, code: 700024 },
    { what: 'no end', claims: { exp: undefined }, code: 700024 },
    { what: 'an end in a year', claims: { exp: now + 365 * day }, code: 700024 },
    { what: 'a time that is not yet', claims: { nbf: now + 120 }, code: 700024 },
  ])('with $what is refused', async ({ what: _what, code, ...given }) => {
    await using endpoints = await openLoginEndpoints();
    const app = await withCertificate(endpoints);
    const assertion = await assertionOf(endpoints, app.clientId, given as never);
    const answer = await askToken(endpoints, withAssertion(app.clientId, assertion));
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toMatchObject({ error: 'invalid_client', error_codes: [code] });
  });

  test('of one application proves no other', async () => {
    await using endpoints = await openLoginEndpoints();
    const app = await withCertificate(endpoints);
    const other = await endpoints.deployment.createApplication('other');
    const assertion = await assertionOf(endpoints, app.clientId, {});
    expect((await askToken(endpoints, withAssertion(other.clientId, assertion))).statusCode).toBe(401);
    const claims = { iss: other.clientId, sub: other.clientId };
    const forged = await assertionOf(endpoints, app.clientId, { claims });
    expect((await askToken(endpoints, withAssertion(other.clientId, forged))).statusCode).toBe(401);
  });

  test('under a certificate that has expired is refused', async () => {
    await using endpoints = await openLoginEndpoints();
    const app = await withCertificate(endpoints, endpoints.deployment.now);
    const assertion = await assertionOf(endpoints, app.clientId, {});
    const answer = await askToken(endpoints, withAssertion(app.clientId, assertion));
    expect(answer.json()).toMatchObject({ error_codes: [700027] });
  });

  test.each([
    ['no signature', 'none'],
    ['a MAC under the public key', 'HS256'],
  ])('with %s is refused', async (_what, alg) => {
    await using endpoints = await openLoginEndpoints();
    const app = await withCertificate(endpoints);
    const good = await assertionOf(endpoints, app.clientId, {});
    const [, payload = ''] = good.split('.');
    const header = { alg, typ: 'JWT', x5t: thumbprint('sha1').toString('base64url') };
    const head = Buffer.from(JSON.stringify(header)).toString('base64url');
    const pem = own.publicKey.export({ format: 'pem', type: 'spki' });
    const signed =
      alg === 'none'
        ? `${head}.${payload}.`
        : await new CompactSign(Buffer.from(payload, 'base64url'))
            .setProtectedHeader(header as never)
            .sign(Buffer.from(pem));
    const answer = await askToken(endpoints, withAssertion(app.clientId, signed));
    expect(answer.statusCode).toBe(401);
  });

  test.each(['', 'x', 'a.b.c', '..', 'x'.repeat(9000), '.'.repeat(5000)])(
    'that is garbage is refused',
    async (assertion) => {
      await using endpoints = await openLoginEndpoints();
      const app = await withCertificate(endpoints);
      const answer = await askToken(endpoints, withAssertion(app.clientId, assertion));
      expect([400, 401]).toContain(answer.statusCode);
    },
  );

  test('needs its type, and no secret beside it', async () => {
    await using endpoints = await openLoginEndpoints();
    const app = await withCertificate(endpoints);
    const form = withAssertion(app.clientId, await assertionOf(endpoints, app.clientId, {}));
    const withoutType = await askToken(endpoints, { ...form, client_assertion_type: 'jwt' });
    expect(withoutType.json()).toMatchObject({ error_codes: [90027] });
    const both = await askToken(endpoints, { ...form, client_secret: app.secret });
    expect(both.json()).toMatchObject({ error_codes: [50146] });
  });
});

describe('a federated assertion', () => {
  const trusted = {
    issuer: 'https://issuer.example',
    subject: 'repo:app:main',
    audience: 'api://AzureADTokenExchange',
  };

  async function withTrust(endpoints: Endpoints) {
    const { deployment } = endpoints;
    const app = await deployment.createApplication('ci');
    const keys = JSON.stringify({ keys: [{ ...own.publicKey.export({ format: 'jwk' }), kid: 'k1' }] });
    const about = { id: newId(), owner: app.id, name: 'main', jwksUri: null, ca: null };
    const credential = { ...about, ...trusted, keys };
    await deployment.run('addFederatedCredential', { stream: deployment.tenant, credential });
    return app;
  }
  const given = (claims: object = {}, header: object = {}) => ({
    claims: { iss: trusted.issuer, sub: trusted.subject, aud: trusted.audience, ...claims },
    header: { kid: 'k1', x5t: undefined, ...header },
  });

  test('of an issuer that the application trusts gets a token', async () => {
    await using endpoints = await openLoginEndpoints();
    const app = await withTrust(endpoints);
    for (const claims of [{}, { aud: ['other', trusted.audience] }]) {
      const assertion = await assertionOf(endpoints, app.clientId, given(claims));
      const answer = await askToken(endpoints, withAssertion(app.clientId, assertion));
      expect(answer.statusCode, answer.body).toBe(200);
    }
  });

  test('of an issuer whose keys are fetched gets a token, and 50166 while they can not be had', async () => {
    await using issuer = await startIssuer();
    await using endpoints = await openLoginEndpoints();
    const { deployment } = endpoints;
    const app = await deployment.createApplication('ci');
    const about = { id: newId(), owner: app.id, name: 'main', jwksUri: null, ca: null, keys: '' };
    const credential = { ...about, ...trusted, issuer: issuer.url };
    await deployment.run('addFederatedCredential', { stream: deployment.tenant, credential });
    const ask = async () =>
      askToken(
        endpoints,
        withAssertion(app.clientId, await assertionOf(endpoints, app.clientId, given({ iss: issuer.url }))),
      );
    expect((await ask()).json()).toMatchObject({ error: 'temporarily_unavailable', error_codes: [50166] });
    issuer.keys = [{ ...own.publicKey.export({ format: 'jwk' }), kid: 'k1' }];
    deployment.now += 10_000;
    expect((await ask()).statusCode).toBe(200);
  });

  test.each<{ what: string; code: number; claims?: object; header?: object; key?: Signer }>([
    { what: 'another issuer', claims: { iss: 'https://issuer.example/' }, code: 700211 },
    { what: 'another subject', claims: { sub: 'repo:app:main2' }, code: 700213 },
    { what: 'another audience', claims: { aud: 'api://other' }, code: 700212 },
    { what: 'a key of somebody else', key: foreign, code: 700027 },
    { what: 'a kid that is not there', header: { kid: 'k2' }, code: 700027 },
    { what: 'a time that is over', claims: { exp: 1 }, code: 700024 },
  ])('with $what is refused', async ({ what: _what, code, claims, header, key }) => {
    await using endpoints = await openLoginEndpoints();
    const app = await withTrust(endpoints);
    const signed = key === undefined ? given(claims, header) : { ...given(claims, header), key };
    const assertion = await assertionOf(endpoints, app.clientId, signed);
    const answer = await askToken(endpoints, withAssertion(app.clientId, assertion));
    expect(answer.json()).toMatchObject({ error: 'invalid_client', error_codes: [code] });
  });

  test('for one application proves no other', async () => {
    await using endpoints = await openLoginEndpoints();
    const app = await withTrust(endpoints);
    const other = await endpoints.deployment.createApplication('other');
    const assertion = await assertionOf(endpoints, app.clientId, given());
    const answer = await askToken(endpoints, withAssertion(other.clientId, assertion));
    expect(answer.json()).toMatchObject({ error_codes: [700211] });
  });
});
