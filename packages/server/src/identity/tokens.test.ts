/** Issuing and verifying together: the table is the negative tests that the security record of registries asks for. */
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { CompactSign, exportJWK } from 'jose';
import { afterAll, describe, expect, test } from 'vitest';
import { newId, openDeployment, type TestDeployment } from './deployment.fixture.ts';
import { createLoginQueue } from './login-queue.ts';
import { createSystemKeys } from './system-keys.ts';
import { createTokenIssuer } from './token-issuer.ts';
import { createTokenVerifier } from './token-verifier.ts';

const access = [{ type: 'repository', name: 'app', actions: ['push', 'pull'] }];
const principal = 'c'.repeat(32);

async function openTokens() {
  const deployment = await openDeployment();
  const audience = { registry: deployment.registry.id, loginServer: 'cerulean.azurecr.localhost' };
  const { clock } = deployment;
  const thread = () => {
    const systemKeys = createSystemKeys({
      reader: deployment.reader,
      sealing: { ring: deployment.ring, acceptClear: false },
      epoch: deployment.epochs,
      clock,
    });
    const queue = createLoginQueue({ atOnceMax: 2, waitingMax: 10 });
    return {
      systemKeys,
      issuer: createTokenIssuer({ systemKeys, queue, clock, newId }),
      verifier: createTokenVerifier({ systemKeys, clock }),
    };
  };
  const expected = { ...audience, use: 'access_token', expiredGraceSeconds: 0 } as const;
  return {
    deployment,
    audience,
    expected,
    thread,
    ...thread(),
    [Symbol.asyncDispose]: () => deployment[Symbol.asyncDispose](),
  };
}

type Tokens = Awaited<ReturnType<typeof openTokens>>;
type Json = Record<string, unknown>;

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decoded = (token: string, part: number): Json =>
  JSON.parse(Buffer.from(token.split('.')[part] ?? '', 'base64url').toString());
const seconds = (deployment: TestDeployment) => deployment.now / 1000;

/** Signs with the deployment's own key: only what is signed can be wrong. */
async function signed(
  tokens: Tokens,
  change: (payload: Json) => unknown,
  header: Json = {},
): Promise<string> {
  const payload = decoded(await tokens.issuer.accessToken(tokens.audience, principal, access), 1);
  const { kid, privateKey } = await tokens.systemKeys.signingKey();
  return sign(change(payload), { alg: 'RS256', kid, typ: 'JWT', ...header }, privateKey);
}

function sign(payload: unknown, header: Json, key: KeyObject): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(payload));
  return new CompactSign(bytes)
    .setProtectedHeader(header as { alg: string })
    .sign(key, { crit: { 'x-odd': true } });
}

describe('an access token', () => {
  test('has the claims of ACR, under its names', async () => {
    await using tokens = await openTokens();
    const token = await tokens.issuer.accessToken(tokens.audience, principal, access);
    const now = seconds(tokens.deployment);
    expect(decoded(token, 0)).toEqual({
      alg: 'RS256',
      kid: (await tokens.systemKeys.signingKey()).kid,
      typ: 'JWT',
    });
    expect(decoded(token, 1)).toEqual({
      jti: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      sub: principal,
      nbf: now,
      exp: now + 4500,
      iat: now,
      iss: 'Azure Container Registry',
      aud: 'cerulean.azurecr.localhost',
      version: '1.0',
      rid: tokens.deployment.registry.id,
      grant_type: 'access_token',
      access: [{ type: 'repository', name: 'app', actions: ['pull', 'push'] }],
      roles: [],
    });
  });

  test('is believed by every thread', async () => {
    await using tokens = await openTokens();
    const token = await tokens.issuer.accessToken(tokens.audience, principal, access);
    const verified = await tokens.thread().verifier.verify(token, tokens.expected);
    expect(verified).toMatchObject({
      subject: principal,
      expired: false,
      access: [{ name: 'app', actions: ['pull', 'push'] }],
    });
  });

  test('is handed out again for the same within a minute, whatever the order it was asked in', async () => {
    await using tokens = await openTokens();
    const { issuer, audience, deployment } = tokens;
    const token = await issuer.accessToken(audience, principal, access);
    deployment.now += 59_999;
    const asked = [{ type: 'repository', name: 'app', actions: ['pull', 'push'] }];
    expect(await issuer.accessToken(audience, principal, asked)).toBe(token);
    expect(await issuer.accessToken(audience, 'd'.repeat(32), asked)).not.toBe(token);
    expect(await issuer.accessToken({ ...audience, registry: newId() }, principal, asked)).not.toBe(token);
    deployment.now += 1;
    expect(await issuer.accessToken(audience, principal, asked)).not.toBe(token);
  });

  test('dies at its expiry and a minute of skew, also when it was remembered', async () => {
    await using tokens = await openTokens();
    const { verifier, expected, deployment } = tokens;
    const token = await tokens.issuer.accessToken(tokens.audience, principal, access);
    await verifier.verify(token, expected);
    deployment.now += (4500 + 60) * 1000 - 1;
    expect((await verifier.verify(token, expected)).expired).toBe(false);
    deployment.now += 1;
    await expect(verifier.verify(token, expected)).rejects.toMatchObject({
      code: 'unauthorized',
      message: 'The token has expired.',
    });
  });

  test('is read as an expired one by grace, and no longer', async () => {
    await using tokens = await openTokens();
    const expected = { ...tokens.expected, expiredGraceSeconds: 3600 };
    const token = await tokens.issuer.accessToken(tokens.audience, principal, access);
    tokens.deployment.now += (4500 + 3600) * 1000 - 1;
    expect((await tokens.verifier.verify(token, expected)).expired).toBe(true);
    tokens.deployment.now += 1;
    await expect(tokens.verifier.verify(token, expected)).rejects.toMatchObject({ code: 'unauthorized' });
  });

  test('dies with its key, also when it was remembered', async () => {
    await using tokens = await openTokens();
    const token = await tokens.issuer.accessToken(tokens.audience, principal, access);
    await tokens.verifier.verify(token, tokens.expected);
    await tokens.deployment.run('retireSystemKey', { purpose: 2, version: 1 });
    await expect(tokens.verifier.verify(token, tokens.expected)).rejects.toMatchObject({
      code: 'unauthorized',
    });
  });

  test('is for one registry: not for another of the same name, not for another name, also when it was remembered', async () => {
    await using tokens = await openTokens();
    const token = await tokens.issuer.accessToken(tokens.audience, principal, access);
    await tokens.verifier.verify(token, tokens.expected);
    for (const other of [{ registry: newId() }, { loginServer: 'other.azurecr.localhost' }]) {
      await expect(tokens.verifier.verify(token, { ...tokens.expected, ...other })).rejects.toMatchObject({
        code: 'unauthorized',
      });
    }
  });

  test('is no refresh token, and a refresh token is no access token', async () => {
    await using tokens = await openTokens();
    const { issuer, verifier, audience, expected } = tokens;
    const refresh = await issuer.refreshToken(audience, principal);
    expect(decoded(refresh, 1)).toMatchObject({
      grant_type: 'refresh_token',
      exp: seconds(tokens.deployment) + 3 * 3600,
    });
    await verifier.verify(refresh, { ...expected, use: 'refresh_token' });
    await expect(verifier.verify(refresh, expected)).rejects.toMatchObject({
      message: 'This is no access token.',
    });
    const token = await issuer.accessToken(audience, principal, access);
    await expect(verifier.verify(token, { ...expected, use: 'refresh_token' })).rejects.toMatchObject({
      message: 'This is no refresh token.',
    });
  });
});

test('a token ends with the role assignment mode of its registry, also one of the minute before', async () => {
  await using tokens = await openTokens();
  const { issuer, verifier, audience, expected } = tokens;
  const before = await issuer.accessToken(audience, principal, access);
  const refresh = await issuer.refreshToken(audience, principal);
  const changed = { modeSince: tokens.deployment.now };
  const after = await issuer.accessToken({ ...audience, ...changed }, principal, access);
  expect(after).not.toBe(before);
  await verifier.verify(after, { ...expected, ...changed });
  const over = { code: 'unauthorized', message: expect.stringContaining('role assignment mode') };
  await expect(verifier.verify(before, { ...expected, ...changed })).rejects.toMatchObject(over);
  const refreshing = { ...expected, ...changed, use: 'refresh_token' } as const;
  await expect(verifier.verify(refresh, refreshing)).rejects.toMatchObject(over);
  // There and back is another time, so nothing comes to life again.
  const back = { modeSince: tokens.deployment.now + 1 };
  for (const token of [before, after])
    await expect(verifier.verify(token, { ...expected, ...back })).rejects.toMatchObject(over);
});

const without = (name: string) => (payload: Json) =>
  Object.fromEntries(Object.entries(payload).filter(([key]) => key !== name));
const withClaim = (name: string, value: unknown) => (payload: Json) => ({ ...payload, [name]: value });
const same = (payload: Json) => payload;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** Tokens that nobody may believe: how each is made. */
const forged: Readonly<Record<string, (tokens: Tokens, good: string) => string | Promise<string>>> = {
  'alg none, no signature': (_tokens, good) =>
    `${encoded({ alg: 'none', typ: 'JWT' })}.${good.split('.')[1]}.`,
  'alg none with our kid': (_tokens, good) =>
    `${encoded({ ...decoded(good, 0), alg: 'none' })}.${good.split('.')[1]}.`,
  'our header, no signature': (_tokens, good) => `${good.slice(0, good.lastIndexOf('.'))}.`,
  'HS256 under the public key': async (tokens, good) => {
    const { publicKey } = await tokens.systemKeys.signingKey();
    const input = `${encoded({ ...decoded(good, 0), alg: 'HS256' })}.${good.split('.')[1]}`;
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`;
  },
  'PS256 with our own key': (tokens) => signed(tokens, same, { alg: 'PS256' }),
  'RS512 with our own key': (tokens) => signed(tokens, same, { alg: 'RS512' }),
  'another key under our kid': (_tokens, good) => sign(decoded(good, 1), decoded(good, 0), rsa.privateKey),
  'another key in jwk under our kid': async (_tokens, good) =>
    sign(decoded(good, 1), { ...decoded(good, 0), jwk: await exportJWK(rsa.publicKey) }, rsa.privateKey),
  'jku, signed by us': (tokens) => signed(tokens, same, { jku: 'https://example.com/keys' }),
  'x5u, signed by us': (tokens) => signed(tokens, same, { x5u: 'https://example.com/cert' }),
  'x5c, signed by us': (tokens) => signed(tokens, same, { x5c: ['AAAA'] }),
  'an unknown crit, signed by us': (tokens) => signed(tokens, same, { crit: ['x-odd'], 'x-odd': 1 }),
  'no kid, signed by us': (tokens) => signed(tokens, same, { kid: undefined }),
  'an unknown kid': (tokens) => signed(tokens, same, { kid: 'nobody' }),
  'a kid that is a path': (tokens) => signed(tokens, same, { kid: '../../dev/null' }),
  'header members that come twice': async (tokens, good) => {
    const { kid } = await tokens.systemKeys.signingKey();
    const header = Buffer.from(`{"alg":"none","alg":"RS256","kid":"${kid}","typ":"JWT"}`).toString(
      'base64url',
    );
    return [header, ...good.split('.').slice(1)].join('.');
  },
  'a changed payload': (_tokens, good) => {
    const [header, , signature] = good.split('.');
    return [header, encoded({ ...decoded(good, 1), sub: 'd'.repeat(32) }), signature].join('.');
  },
  'a changed signature': (_tokens, good) => `${good.slice(0, -4)}AAAA`,
  'a signature that is not base64url': (_tokens, good) => `${good.slice(0, -4)}!!!!`,
  'another dot': (_tokens, good) => `${good}.`,
  'a part too few': (_tokens, good) => good.slice(0, good.lastIndexOf('.')),
  'nothing but dots': () => '.'.repeat(8000),
  'more than 8 KiB': (tokens) => signed(tokens, withClaim('padding', 'x'.repeat(8192))),
  nothing: () => '',
  'no iat': (tokens) => signed(tokens, without('iat')),
  'no exp': (tokens) => signed(tokens, without('exp')),
  'no nbf': (tokens) => signed(tokens, without('nbf')),
  'no aud': (tokens) => signed(tokens, without('aud')),
  'no sub': (tokens) => signed(tokens, without('sub')),
  'no iss': (tokens) => signed(tokens, without('iss')),
  'no rid': (tokens) => signed(tokens, without('rid')),
  'no access': (tokens) => signed(tokens, without('access')),
  'no grant_type': (tokens) => signed(tokens, without('grant_type')),
  'exp as text': (tokens) => signed(tokens, withClaim('exp', '9999999999')),
  'exp as null': (tokens) => signed(tokens, withClaim('exp', null)),
  'mode_since as text': (tokens) => signed(tokens, withClaim('mode_since', '0')),
  'access with an odd since': (tokens) =>
    signed(tokens, withClaim('access', [{ type: 'repository', name: 'a', actions: ['pull'], since: '1' }])),
  'sub that is no id': (tokens) => signed(tokens, withClaim('sub', 'admin')),
  'aud as a list': (tokens) => signed(tokens, (payload) => ({ ...payload, aud: [payload['aud']] })),
  'another issuer': (tokens) => signed(tokens, withClaim('iss', 'https://example.com')),
  'access that is no list': (tokens) => signed(tokens, withClaim('access', { type: 'repository' })),
  'access with odd actions': (tokens) =>
    signed(tokens, withClaim('access', [{ type: 'repository', name: 'a', actions: 'pull' }])),
  'iat more than a minute ahead': (tokens) =>
    signed(tokens, withClaim('iat', seconds(tokens.deployment) + 61)),
  'nbf more than a minute ahead': (tokens) =>
    signed(tokens, withClaim('nbf', seconds(tokens.deployment) + 61)),
  'exp a minute ago': (tokens) => signed(tokens, withClaim('exp', seconds(tokens.deployment) - 60)),
  'a payload that is a list': (tokens) => signed(tokens, () => []),
  'a payload that is null': (tokens) => signed(tokens, () => null),
};

describe('no token', () => {
  const opened = openTokens();
  afterAll(async () => (await opened)[Symbol.asyncDispose]());

  test.each(Object.entries(forged))('%s', async (_name, forge) => {
    const tokens = await opened;
    const good = await tokens.issuer.accessToken(tokens.audience, principal, access);
    const token = await forge(tokens, good);
    await expect(tokens.verifier.verify(token, tokens.expected)).rejects.toMatchObject({
      name: 'RegistryError',
      code: 'unauthorized',
    });
    await tokens.verifier.verify(good, tokens.expected);
  });

  test('a minute of skew is allowed on either side', async () => {
    await using tokens = await openTokens();
    const now = seconds(tokens.deployment);
    const early = await signed(tokens, (payload) => ({ ...payload, iat: now + 60, nbf: now + 60 }));
    const late = await signed(tokens, withClaim('exp', now - 59));
    expect((await tokens.verifier.verify(early, tokens.expected)).expired).toBe(false);
    expect((await tokens.verifier.verify(late, tokens.expected)).expired).toBe(false);
  });
});
