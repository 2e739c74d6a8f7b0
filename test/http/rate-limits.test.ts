/**
 * ACR's limits of calls, as a client meets them. The clock stands, so that nothing comes back unless a test moves it;
 * most calls are taken as another thread would take them, in the memory that threads share.
 */
import { makeSecret } from '@cerulean/server/identity/make-secret.ts';
import { createCallLimiter } from '@cerulean/server/rates/call-limiter.ts';
import { SharedBuckets } from '@cerulean/server/rates/shared-buckets.ts';
import type { CallCategory } from '@cerulean/server/registry/tiers.ts';
import { describe, expect, test } from 'vitest';
import { type Asked, call, digestOf, imageManifest, pushImage, type Reply, startUpload } from './client.ts';
import { type Login, newId, type StartedRegistry, startRegistry } from './start-registry.ts';

const remaining = 'x-ms-ratelimit-remaining-calls-per-second';
const nobody = '0'.repeat(32);
const image = digestOf(imageManifest({}));

interface Limited extends AsyncDisposable {
  readonly registry: StartedRegistry;
  readonly time: { now: number };
  /** The principal of the admin user. */
  readonly admin: string;
  readonly robot: Login;
  /** So many calls by another thread, of this identity in the registry `cerulean`, a Basic one. */
  elsewhere(identity: string, category: CallCategory, calls: number): void;
  /** The tables of the whole minute are empty again. */
  nextMinute(): void;
}

/** A registry of the tier Basic with one image and a token. */
async function startLimited(flags = ['--rate-limits', 'acr']): Promise<Limited> {
  const time = { now: Date.now() };
  const registry = await startRegistry({ flags, clock: () => time.now, settings: { anonymousPull: true } });
  await registry.run('setRegistry', { registry: registry.admin.id, change: {}, sku: 'Basic' });
  await pushImage(registry, { name: 'app', tag: 'v1' });
  const names = { tenantName: 'contoso', subscription: newId(), subscriptionName: 'cerulean' };
  await registry.run('ensureDirectory', { tenant: newId(), ...names });
  const admin = await registry.reader.findPrincipal(registry.admin.id, 'admin', 'cerulean');
  const { calls } = registry.counters;
  const limiter =
    calls === undefined ? undefined : createCallLimiter(new SharedBuckets(calls), () => time.now);
  const nextMinute = () => {
    time.now += 60_000;
  };
  nextMinute();
  return {
    registry,
    time,
    admin: admin?.id ?? '',
    robot: await tokenOf(registry),
    elsewhere(identity, category, count) {
      const counter = limiter?.counter({ id: registry.admin.id, sku: 'Basic' }, identity);
      if (counter === undefined || limiter === undefined) throw new TypeError('Calls are not limited.');
      for (let made = 0; made < count; made += 1) limiter.take(counter, category);
    },
    nextMinute,
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  };
}

async function tokenOf(registry: StartedRegistry): Promise<Login> {
  const id = newId();
  const about = { owner: id, name: 'password1', expiresAt: null };
  const verifierSecret = await registry.verifierSecret;
  const { secret, value } = await makeSecret({ id: newId(), ...about, verifierSecret });
  const scopeMap = '_repositories_admin';
  const made = { id, registry: registry.admin.id, name: 'robot', scopeMap, secrets: [secret] };
  await registry.run('createToken', made);
  return { id, username: 'robot', password: value };
}

const form = { 'content-type': 'application/x-www-form-urlencoded' };
/** Method, path, what it counts as, how many an identity has of it in Basic, and what goes along. */
const endpoints: readonly (readonly [string, string, CallCategory, number, Asked?])[] = [
  ['GET', '/v2/', 'DataplaneRead', 5000],
  ['GET', '/v2/app/manifests/v1', 'DataplaneRead', 5000],
  ['HEAD', '/v2/app/manifests/v1', 'DataplaneRead', 5000],
  ['GET', `/v2/app/blobs/${digestOf('{}')}`, 'DataplaneRead', 5000],
  ['HEAD', `/v2/app/blobs/${digestOf('{}')}`, 'DataplaneRead', 5000],
  ['GET', '/v2/app/tags/list', 'DataplaneRead', 5000],
  ['GET', '/v2/_catalog', 'DataplaneRead', 5000],
  ['GET', '/acr/v1/_catalog', 'DataplaneRead', 5000],
  ['GET', '/acr/v1/app/_manifests', 'DataplaneRead', 5000],
  ['GET', 'UPLOAD', 'DataplaneRead', 5000],
  ['POST', '/v2/app/blobs/uploads/', 'DataplaneWrite', 1000],
  ['PATCH', 'UPLOAD', 'DataplaneWrite', 1000, { body: 'x'.repeat(100_000) }],
  ['PUT', '/v2/app/manifests/v2', 'DataplaneWrite', 1000, { body: imageManifest({}) }],
  ['PATCH', '/acr/v1/app', 'DataplaneWrite', 1000, { body: '{}' }],
  ['DELETE', 'UPLOAD', 'DataplaneDelete', 500],
  ['DELETE', '/v2/app/manifests/none', 'DataplaneDelete', 500],
  ['DELETE', '/acr/v1/app/_tags/none', 'DataplaneDelete', 500],
  ['GET', `/v2/app/referrers/${image}`, 'ListReferrers', 250],
  ['HEAD', `/v2/app/referrers/${image}`, 'ListReferrers', 250],
  ['GET', '/oauth2/token?service=127.0.0.1', 'OAuth', 5000],
  ['POST', '/oauth2/token', 'OAuth', 5000, { body: 'grant_type=password&service=127.0.0.1', headers: form }],
  ['POST', '/oauth2/exchange', 'OAuth', 5000, { body: 'grant_type=access_token', headers: form }],
];

const outcomesOf = (registry: StartedRegistry) => registry.log.map((line) => line['outcome']);

describe('with limits', () => {
  test('every surface tells what is left, and answers 429 when an identity has none', async () => {
    await using limited = await startLimited();
    const { registry, admin } = limited;
    const upload = await startUpload(registry, 'app');
    for (const [method, path, category, calls, asked] of endpoints) {
      limited.nextMinute();
      const identity = category === 'OAuth' ? '127.0.0.1' : admin;
      const target = path.replace('UPLOAD', upload);
      const about = `${method} ${path}`;
      limited.elsewhere(identity, category, calls - 1);
      const last = await call(registry, method, target, asked);
      expect([about, last.status === 429, last.headers[remaining]]).toEqual([about, false, '0.0']);
      const refused = await call(registry, method, target, asked);
      expect([about, refused.status, refused.headers[remaining]]).toEqual([about, 429, undefined]);
      expect([about, refused.headers['retry-after']]).toEqual([about, '1']);
      if (method === 'HEAD') continue;
      expect(refused.error).toMatchObject({
        code: 'TOOMANYREQUESTS',
        message: expect.stringContaining(category),
        detail: { category, limit: 'identity', retryAfterSeconds: 1 },
      });
    }
  });

  test('the issuer answers in its own form', async () => {
    await using limited = await startLimited();
    const { registry } = limited;
    limited.elsewhere('127.0.0.1', 'OAuth', 4998);
    const discovery = await call(registry, 'GET', '/adfs/.well-known/openid-configuration', { as: null });
    expect([discovery.status, discovery.headers[remaining]]).toEqual([200, '0.01']);
    const asked = { as: null, headers: form, body: 'grant_type=client_credentials' };
    expect((await call(registry, 'POST', '/adfs/oauth2/token', asked)).status).toBe(400);
    const refused = await call(registry, 'POST', '/adfs/oauth2/token', asked);
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
    expect(JSON.parse(refused.text)).toMatchObject({
      error: 'temporarily_unavailable',
      error_description: expect.stringContaining('Too many requests'),
    });
  });

  test('what is left is a share of the minute, of the identity or of the registry', async () => {
    await using limited = await startLimited();
    const { registry, admin, robot } = limited;
    const left = async (as: Login | null): Promise<unknown> =>
      (await call(registry, 'GET', '/v2/app/tags/list', { as })).headers[remaining];
    // 4,999 / 60 and 4,998 / 60
    expect(await left(registry.admin)).toBe('83.31');
    expect(await left(registry.admin)).toBe('83.3');
    expect(await left(robot)).toBe('83.31');
    limited.elsewhere(admin, 'DataplaneRead', 4998);
    limited.elsewhere(nobody, 'DataplaneRead', 4879);
    // 10,000 - 2 - 1 - 4,998 - 4,879 = 120 of the registry, one of which is this
    expect(await left(robot)).toBe('1.98');
  });

  test('who has none comes again when Retry-After says so, and not before', async () => {
    await using limited = await startLimited();
    const { registry, admin, time } = limited;
    limited.elsewhere(admin, 'ListReferrers', 250);
    const ask = async (): Promise<Reply> => call(registry, 'GET', `/v2/app/referrers/${image}`);
    const refused = await ask();
    expect(refused.status).toBe(429);
    time.now += 239;
    expect((await ask()).status).toBe(429);
    time.now -= 239;
    time.now += Number(refused.headers['retry-after']) * 1000;
    expect((await ask()).status).toBe(200);
  });

  test('one identity has used up its calls, and all others have theirs', async () => {
    await using limited = await startLimited();
    const { registry, admin, robot } = limited;
    limited.elsewhere(admin, 'DataplaneRead', 5000);
    const status = async (asked: Asked): Promise<number> =>
      (await call(registry, 'GET', '/v2/app/manifests/v1', asked)).status;
    expect(await status({})).toBe(429);
    expect(await status({ as: robot })).toBe(200);
    expect(await status({ as: null })).toBe(200);
    const other = { as: registry.other, headers: { host: 'another.azurecr.localhost' } };
    expect((await call(registry, 'GET', '/v2/', other)).status).toBe(200);
    // Its other categories are untouched.
    expect((await call(registry, 'POST', '/v2/app/blobs/uploads/')).status).toBe(202);
    expect((await call(registry, 'GET', '/oauth2/token?service=127.0.0.1')).status).toBe(200);
  });

  test('a registry has an end too, whoever asks', async () => {
    await using limited = await startLimited();
    const { registry, time } = limited;
    limited.elsewhere(newId(), 'DataplaneDelete', 500);
    limited.elsewhere(newId(), 'DataplaneDelete', 499);
    const remove = async (): Promise<Reply> => call(registry, 'DELETE', '/v2/app/manifests/none');
    expect((await remove()).status).toBe(404);
    const refused = await remove();
    expect([refused.status, refused.error?.detail]).toMatchObject([429, { limit: 'registry' }]);
    time.now += 60;
    expect((await remove()).status).toBe(404);
  });

  test('a list of referrers is a read too, and neither is counted when the other is refused', async () => {
    await using limited = await startLimited();
    const { registry, admin, time } = limited;
    const list = async (): Promise<Reply> => call(registry, 'GET', `/v2/app/referrers/${image}`);
    limited.elsewhere(admin, 'ListReferrers', 249);
    limited.elsewhere(admin, 'DataplaneRead', 5000 - 249);
    const refused = await list();
    expect([refused.status, refused.error?.detail]).toMatchObject([429, { category: 'DataplaneRead' }]);
    time.now += 12;
    // 249 and nearly a twentieth of one of 250 are used, and one read is there.
    expect((await list()).status).toBe(200);
    expect((await list()).error?.detail).toMatchObject({ category: 'ListReferrers' });
  });

  test('a login is one identity, by password and by token, and so are all who come without one', async () => {
    await using limited = await startLimited();
    const { registry, admin } = limited;
    const status = async (asked: Asked): Promise<number> =>
      (await call(registry, 'GET', '/v2/app/tags/list', asked)).status;
    limited.elsewhere(admin, 'DataplaneRead', 4999);
    const token = await call(registry, 'GET', '/oauth2/token?scope=repository:app:metadata_read,pull');
    const bearer = `Bearer ${(JSON.parse(token.text) as { access_token: string }).access_token}`;
    expect(await status({ authorization: bearer })).toBe(200);
    expect(await status({})).toBe(429);
    limited.elsewhere(nobody, 'DataplaneRead', 4999);
    expect(await status({ as: null })).toBe(200);
    expect(await status({ as: null })).toBe(429);
  });

  test('what is sent back with a challenge takes nothing, so nobody can be kept from asking for one', async () => {
    await using limited = await startLimited();
    const { registry, robot } = limited;
    limited.elsewhere(nobody, 'DataplaneRead', 5000);
    const challenged = await call(registry, 'GET', '/v2/', { as: null });
    expect([challenged.status, challenged.headers[remaining]]).toEqual([401, undefined]);
    const wrong = { as: { ...robot, password: 'wrong' } };
    expect((await call(registry, 'GET', '/v2/app/tags/list', wrong)).status).toBe(401);
    expect((await call(registry, 'GET', '/v2/', { as: robot })).headers[remaining]).toBe('83.31');
  });

  test('a larger tier counts from the next call on', async () => {
    await using limited = await startLimited();
    const { registry, admin } = limited;
    limited.elsewhere(admin, 'DataplaneDelete', 500);
    const remove = async (): Promise<number> =>
      (await call(registry, 'DELETE', '/v2/app/manifests/none')).status;
    expect(await remove()).toBe(429);
    await registry.run('setRegistry', { registry: registry.admin.id, change: {}, sku: 'Premium' });
    limited.time.now += 31;
    expect(await remove()).toBe(404);
  });

  test('a refused call is logged with who it was, and counted', async () => {
    await using limited = await startLimited();
    const { registry, admin } = limited;
    limited.elsewhere(admin, 'DataplaneRead', 5000);
    await call(registry, 'GET', '/v2/app/manifests/v1');
    await call(registry, 'GET', '/v2/app/tags/list');
    await expect.poll(() => outcomesOf(registry).slice(-2)).toEqual(Array(2).fill('too_many_requests'));
    const who = { status: 429, principal: 'cerulean', registry: 'cerulean', address: '127.0.0.1' };
    expect(registry.log.slice(-2)).toMatchObject([
      { ...who, operation: 'oci.end-3' },
      { ...who, operation: 'oci.end-8' },
    ]);
    const figures = (await call(registry, 'GET', '/metrics', { as: null })).text;
    expect(figures).toContain('cerulean_requests_total{operation="oci.end-3",status="429"} 1');
    expect(figures).toContain('cerulean_requests_total{operation="oci.end-8",status="429"} 1');
  });
});

test('without limits no answer speaks of them', async () => {
  await using limited = await startLimited([]);
  const { registry } = limited;
  expect(registry.counters.calls).toBeUndefined();
  for (const path of ['/v2/', '/v2/app/manifests/v1', '/acr/v1/_catalog', '/oauth2/token?service=127.0.0.1'])
    expect((await call(registry, 'GET', path)).headers[remaining]).toBeUndefined();
});
