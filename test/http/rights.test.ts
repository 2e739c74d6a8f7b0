/**
 * Every role and every system scope map, at every route, on a repository of one's own, somebody else's and one that is
 * not there, at the right registry and at the wrong one. What is expected is written by hand, in the fixture.
 */

import { letters, roleMatrix, scopeMapMatrix } from '@cerulean/server/access/rights-matrix.fixture.ts';
import { toGuid } from '@cerulean/server/identity/guid.ts';
import { makeSecret } from '@cerulean/server/identity/make-secret.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { basic, call, digestOf, type Reply } from './client.ts';
import { type Login, newId, type StartedRegistry, startRegistry } from './start-registry.ts';

const layer = 'a layer';
const config = '{}';
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(config), size: config.length },
  layers: [
    { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digestOf(layer), size: layer.length },
  ],
});
const nowhere = digestOf('nothing has this digest');

interface Operation {
  readonly name: string;
  readonly method: string;
  /** Below the repository. */
  readonly path: string;
  readonly needs: keyof typeof letters;
  readonly body?: string;
}

/** Whoever may do them changes nothing by them, so that the order of the tests does not matter. */
const operations: readonly Operation[] = [
  { name: 'pull a manifest by tag', method: 'GET', path: '/manifests/v1', needs: 'P' },
  { name: 'look at a manifest', method: 'HEAD', path: `/manifests/${digestOf(manifest)}`, needs: 'P' },
  { name: 'pull a blob', method: 'GET', path: `/blobs/${digestOf(layer)}`, needs: 'P' },
  { name: 'look at a blob', method: 'HEAD', path: `/blobs/${digestOf(layer)}`, needs: 'P' },
  { name: 'list referrers', method: 'GET', path: `/referrers/${digestOf(manifest)}`, needs: 'P' },
  { name: 'list tags', method: 'GET', path: '/tags/list', needs: 'r' },
  { name: 'start an upload', method: 'POST', path: '/blobs/uploads/', needs: 'W', body: '' },
  { name: 'look at an upload', method: 'GET', path: '/blobs/uploads/none', needs: 'W' },
  { name: 'go on with an upload', method: 'PATCH', path: '/blobs/uploads/none', needs: 'W', body: 'x' },
  {
    name: 'end an upload',
    method: 'PUT',
    path: `/blobs/uploads/none?digest=${nowhere}`,
    needs: 'W',
    body: '',
  },
  { name: 'cancel an upload', method: 'DELETE', path: '/blobs/uploads/none', needs: 'W' },
  { name: 'push a manifest', method: 'PUT', path: '/manifests/v2', needs: 'W', body: 'no manifest' },
  { name: 'delete a manifest', method: 'DELETE', path: `/manifests/${nowhere}`, needs: 'D' },
  { name: 'delete a tag', method: 'DELETE', path: '/manifests/none', needs: 'D' },
  { name: 'delete a blob', method: 'DELETE', path: `/blobs/${nowhere}`, needs: 'D' },
];
const repositories = ['own', 'other/team', 'absent'];
const allScopes = [
  'registry:catalog:*',
  ...repositories.map((name) => `repository:${name}:pull,push,delete,metadata_read,metadata_write`),
];

let registry: StartedRegistry;
const logins = new Map<string, Login>();

beforeAll(async () => {
  registry = await startRegistry();
  const tenant = newId();
  const names = { tenantName: 'cerulean', subscription: newId(), subscriptionName: 'cerulean' };
  await registry.run('ensureDirectory', { tenant, ...names });
  for (const name of repositories.slice(0, 2)) {
    for (const blob of [layer, config])
      await call(registry, 'POST', `/v2/${name}/blobs/uploads/?digest=${digestOf(blob)}`, { body: blob });
    const headers = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' };
    expect(
      (await call(registry, 'PUT', `/v2/${name}/manifests/v1`, { body: manifest, headers })).status,
    ).toBe(201);
  }
  for (const { name, id } of roleMatrix) logins.set(name, await principalWith(tenant, name, id));
  for (const { name } of scopeMapMatrix) logins.set(name, await tokenWith(name));
});
afterAll(async () => registry[Symbol.asyncDispose]());

async function principalWith(tenant: string, name: string, role: string): Promise<Login> {
  const [id, appId] = [newId(), newId()];
  const { secret, value } = await secretOf(id);
  const scope = { kind: 'registry', registry: registry.admin.id } as const;
  await registry.run('createPrincipal', { id, tenant, kind: 'service-principal', name, appId });
  await registry.run('addRoleAssignment', { stream: tenant, id: newId(), principal: id, role, scope });
  await registry.run('addSecret', { stream: tenant, secret, replaces: false });
  return { id, username: toGuid(appId), password: value };
}

async function tokenWith(scopeMap: string): Promise<Login> {
  const id = newId();
  const { secret, value } = await secretOf(id);
  const name = `token-${scopeMap.replaceAll('_', '-')}`;
  await registry.run('createToken', { id, registry: registry.admin.id, name, scopeMap, secrets: [secret] });
  return { id, username: name, password: value };
}

const secretOf = async (owner: string) =>
  makeSecret({
    id: newId(),
    owner,
    name: 'secret',
    expiresAt: null,
    verifierSecret: await registry.verifierSecret,
  });

/** The access token that a login gets when it asks for everything; undefined where it gets none. */
async function tokenOf(login: Login): Promise<string | undefined> {
  const query = new URLSearchParams(allScopes.map((scope) => ['scope', scope]));
  const reply = await call(registry, 'GET', `/oauth2/token?${query.toString()}`, { as: login });
  if (reply.status !== 200) return undefined;
  return `Bearer ${(JSON.parse(reply.text) as { access_token: string }).access_token}`;
}

/** Operations that were let in, by repository; what was refused was refused alike wherever it was asked. */
async function letIn(
  authorization: string,
  host?: string,
  tried: readonly Operation[] = operations,
): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const { name, method, path, body } of tried) {
    const refusals = new Set<string>();
    for (const repository of repositories) {
      const headers = host === undefined ? {} : { host };
      const asked = { authorization, headers, ...(body === undefined ? {} : { body }) };
      const reply = await call(registry, method, `/v2/${repository}${path}`, asked);
      if (reply.status === 401) refusals.add(withoutName(reply, repository));
      else (found[repository] ??= []).push(name);
    }
    // What is not there, what is not his and what is his look the same to whoever may not.
    expect(refusals.size, name).toBeLessThanOrEqual(1);
  }
  return found;
}

function withoutName(reply: Reply, repository: string): string {
  const challenge = reply.headers['www-authenticate'] ?? '';
  return `${challenge} ${reply.text}`.replaceAll(repository, 'NAME');
}

async function mayList(authorization: string): Promise<boolean> {
  return (await call(registry, 'GET', '/v2/_catalog', { authorization })).status === 200;
}

async function expectRights(login: Login, allowed: string): Promise<void> {
  const named = operations.filter(({ needs }) => allowed.includes(needs)).map(({ name }) => name);
  const expected = named.length === 0 ? {} : Object.fromEntries(repositories.map((name) => [name, named]));
  const token = await tokenOf(login);
  expect(token !== undefined, 'whoever may do nothing gets no token').toBe(allowed !== '');
  for (const authorization of [basic(login), ...(token === undefined ? [] : [token])]) {
    expect(await letIn(authorization)).toEqual(expected);
    expect(await mayList(authorization)).toBe(allowed.includes('C'));
    // Wrong passwords are counted, and a user of one registry has a wrong one at another: a minute later, and a few.
    registry.clockAheadMs += 61_000;
    const tried = authorization === token ? operations : operations.slice(0, 6);
    expect(await letIn(authorization, 'another.azurecr.localhost', tried)).toEqual({});
  }
}

const loginOf = (name: string): Login => {
  const login = logins.get(name);
  if (login === undefined) throw new Error(`Nobody has ${name}.`);
  return login;
};

describe.each([
  ['legacy', 'LegacyRegistryPermissions'],
  ['abac', 'AbacRepositoryPermissions'],
] as const)('in the mode %s', (mode, roleAssignmentMode) => {
  beforeAll(async () => registry.set({ roleAssignmentMode }));

  test.each(roleMatrix)('the role $name may do what is written, by Basic and by a token', async (row) => {
    await expectRights(loginOf(row.name), row[mode]);
  });

  test.each(scopeMapMatrix)(
    'a token with $name may do what is written, by Basic and by a token',
    async (row) => {
      await expectRights(loginOf(row.name), row.allowed);
    },
  );
});

test('a token that was issued in another mode is worth what its principal may do in this one', async () => {
  await registry.set({ roleAssignmentMode: 'LegacyRegistryPermissions' });
  const token = (await tokenOf(loginOf('AcrPush'))) ?? '';
  expect(await mayList(token)).toBe(true);
  await registry.set({ roleAssignmentMode: 'AbacRepositoryPermissions' });
  expect(await letIn(token)).toEqual({});
});

test('a token mounts no blob from a repository that it can not read', async () => {
  const actions = ['content/read', 'content/write'].map((verb) => `repositories/own/${verb}`);
  const map = { registry: registry.admin.id, name: 'own-only', description: '', actions, replaces: false };
  await registry.run('putScopeMap', map);
  const login = await tokenWith('own-only');
  const mount = async (query: string) => {
    const path = `/v2/own/blobs/uploads/?mount=${query}`;
    return (await call(registry, 'POST', path, { body: '', as: login })).status;
  };
  const secretBlob = digestOf('only of the other');
  const upload = `/v2/other/team/blobs/uploads/?digest=${secretBlob}`;
  await call(registry, 'POST', upload, { body: 'only of the other' });
  expect(await mount(`${secretBlob}&from=other/team`)).not.toBe(201);
  expect(await mount(`${nowhere}&from=other/team`)).toBe(await mount(`${secretBlob}&from=other/team`));
  expect(await mount(secretBlob)).toBe(202);
  expect(await mount(`${digestOf(layer)}&from=own`)).toBe(201);
});
