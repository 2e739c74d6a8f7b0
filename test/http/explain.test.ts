/** `GET /acr/v1/_access/explain`: the decision about others, for whoever gives roles. */
import { toGuid } from '@cerulean/server/identity/guid.ts';
import { makeSecret } from '@cerulean/server/identity/make-secret.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { call, tokenFor } from './client.ts';
import { type Login, newId, type StartedRegistry, startRegistry } from './start-registry.ts';

const reader = 'b93aa761-3e63-49ed-ac28-beffa264f7ac';
const owner = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
const contributor = 'b24988ac-6180-42a0-ab88-20f7382dd24c';
const text = "@Request[Microsoft.ContainerRegistry/registries/repositories:name] StringEquals 'team/app'";

let registry: StartedRegistry;
let tenant: string;
beforeAll(async () => {
  registry = await startRegistry({ settings: { roleAssignmentMode: 'AbacRepositoryPermissions' } });
  tenant = newId();
  const names = { tenantName: 'cerulean', subscription: newId(), subscriptionName: 'cerulean' };
  await registry.run('ensureDirectory', { tenant, ...names });
});
afterAll(async () => registry[Symbol.asyncDispose]());

async function principal(name: string, role: string, condition?: { text: string; version: string }) {
  const [id, appId] = [newId(), newId()];
  const scope = { kind: 'registry', registry: registry.admin.id } as const;
  await registry.run('createPrincipal', { id, tenant, kind: 'service-principal', name, appId });
  const given = { stream: tenant, id: newId(), principal: id, role, scope };
  await registry.run('addRoleAssignment', { ...given, ...(condition === undefined ? {} : { condition }) });
  const verifierSecret = await registry.verifierSecret;
  const about = { id: newId(), owner: id, name: 'secret', expiresAt: null, verifierSecret };
  const { secret, value } = await makeSecret(about);
  await registry.run('addSecret', { stream: tenant, secret, replaces: false });
  return { id, username: toGuid(appId), password: value };
}

const ask = (query: string, as: Login | null = registry.admin) =>
  call(registry, 'GET', `/acr/v1/_access/explain?${query}`, { as });

test('tells an owner whether, and by what, whoever he names', async () => {
  const asker = await principal('asker', owner);
  const { id, username } = await principal('puller', reader, { text, version: '2.0' });
  for (const named of ['puller', toGuid(id), username]) {
    const reply = await ask(`principal=${named}&action=pull&repository=team/app`, asker);
    expect(reply.status).toBe(200);
    expect(JSON.parse(reply.text)).toEqual({
      registry: 'cerulean.azurecr.localhost',
      roleAssignmentMode: 'AbacRepositoryPermissions',
      principal: { kind: 'service-principal', id: toGuid(id), name: 'puller' },
      action: 'pull',
      repository: 'team/app',
      allowed: true,
      reason:
        'the role Container Registry Repository Reader allows it, and its condition holds for this repository',
    });
  }
  const elsewhere = await ask('principal=puller&action=pull&repository=team/web', asker);
  expect(JSON.parse(elsewhere.text)).toMatchObject({
    allowed: false,
    reason:
      'the role Container Registry Repository Reader would allow it, but its condition does not hold for this repository',
  });
  const catalog = JSON.parse((await ask('principal=puller&action=catalog', asker)).text);
  expect(catalog).toMatchObject({ allowed: false, reason: expect.stringContaining('none of the roles') });
  expect(JSON.parse((await ask('principal=cerulean&action=catalog')).text)).toMatchObject({
    principal: { kind: 'admin' },
    allowed: true,
  });
});

test('tells what is wrong with a question', async () => {
  for (const [query, status, said] of [
    ['action=pull&repository=app', 400, '?principal='],
    ['principal=anonymous&repository=app', 400, '?action= with one of pull, push'],
    ['principal=anonymous&action=explain', 400, '?action= with one of pull, push'],
    ['principal=anonymous&action=pull', 400, 'Say on which repository'],
    ['principal=anonymous&action=pull&repository=../etc', 400, 'Say on which repository'],
    ['principal=nobody&action=catalog', 404, 'There is no principal nobody'],
  ] as const) {
    const reply = await ask(query);
    expect([query, reply.status, reply.text]).toEqual([query, status, expect.stringContaining(said)]);
  }
});

test('is for owners, and others learn nothing of who is there', async () => {
  const worker = await principal('worker', contributor);
  for (const asker of [null, worker, { ...registry.admin, password: 'wrong' }, registry.other]) {
    const [known, unknown] = [
      await ask('principal=worker&action=catalog', asker),
      await ask('principal=nobody&action=catalog', asker),
    ];
    expect([known.status, known.text]).toEqual([401, unknown.text]);
    expect(known.headers['www-authenticate']).toContain('scope="registry:access:read"');
  }
  const path = '/acr/v1/_access/explain?principal=worker&action=catalog';
  const right = await tokenFor(registry, 'registry:access:read');
  expect((await call(registry, 'GET', path, { authorization: right })).status).toBe(200);
  for (const scope of ['registry:catalog:*', 'repository:access:read', 'registry:access:write']) {
    const wrong = await tokenFor(registry, scope);
    expect((await call(registry, 'GET', path, { authorization: wrong })).status).toBe(401);
  }
});

test('an admin user of another registry is unknown here', async () => {
  expect((await ask('principal=another&action=catalog')).status).toBe(404);
});
