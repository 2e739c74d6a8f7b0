/**
 * Every role, examples of custom roles and of conditions, and every system scope map, at every route, on a repository of
 * one's own, somebody else's and one that is not there, at the right registry and at the wrong one. What is expected is
 * written by hand, in the fixture.
 */

import {
  type CustomRoleRow,
  conditionMatrix,
  customRoleMatrix,
  letters,
  roleMatrix,
  scopeMapMatrix,
} from '@cerulean/server/access/rights-matrix.fixture.ts';
import { toGuid } from '@cerulean/server/identity/guid.ts';
import { makeSecret } from '@cerulean/server/identity/make-secret.ts';
import type { Commands } from '@cerulean/server/registry/commands.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { basic, call, digestOf, type Reply, tokenFor } from './client.ts';
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
  /** The surface; the distribution API where it is left out. */
  readonly root?: '/acr/v1';
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
  ...(
    [
      ['see a repository', 'GET', '', 'r'],
      ['change a repository', 'PATCH', '', 'w'],
      // Both repositories are locked against it.
      ['delete a repository', 'DELETE', '', 'D'],
      ['see tags', 'GET', '/_tags', 'r'],
      ['see a tag', 'GET', '/_tags/v1', 'r'],
      ['change a tag', 'PATCH', '/_tags/v1', 'w'],
      ['untag', 'DELETE', '/_tags/none', 'D'],
      ['see manifests', 'GET', '/_manifests', 'r'],
      ['see a manifest', 'GET', `/_manifests/${digestOf(manifest)}`, 'r'],
      ['change a manifest', 'PATCH', `/_manifests/${digestOf(manifest)}`, 'w'],
      ['delete a manifest of ACR', 'DELETE', `/_manifests/${nowhere}`, 'D'],
    ] as const
  ).map(([name, method, path, needs]) => ({
    name,
    method,
    path,
    needs,
    root: '/acr/v1' as const,
    ...(method === 'PATCH' ? { body: '{}' } : {}),
  })),
];
const repositories = ['own', 'other/team', 'absent'];
const allScopes = [
  'registry:catalog:*',
  'registry:access:read',
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
    const locked = { body: '{"deleteEnabled":false}' };
    expect((await call(registry, 'PATCH', `/acr/v1/${name}`, locked)).status).toBe(200);
  }
  for (const { name, id } of roleMatrix) logins.set(name, await principalWith(tenant, name, { role: id }));
  for (const row of customRoleMatrix)
    logins.set(row.name, await principalWith(tenant, row.name, { role: await customRole(tenant, row) }));
  for (const { what, role, condition: text } of conditionMatrix)
    logins.set(what, await principalWith(tenant, what, { role, condition: { text, version: '2.0' } }));
  for (const { name } of scopeMapMatrix) logins.set(name, await tokenWith(name));
});
afterAll(async () => registry[Symbol.asyncDispose]());

async function customRole(tenant: string, row: CustomRoleRow): Promise<string> {
  const id = newId();
  const { name, actions = [], notActions = [], dataActions = [], notDataActions = [] } = row;
  const permissions = { actions, notActions, dataActions, notDataActions };
  const role = { id, tenant, name, description: '', permissions, assignableScopes: ['/'] };
  await registry.run('putRoleDefinition', { ...role, replaces: false });
  return toGuid(id);
}

async function principalWith(
  tenant: string,
  name: string,
  given: Pick<Commands['addRoleAssignment']['input'], 'role' | 'condition'>,
): Promise<Login> {
  const [id, appId] = [newId(), newId()];
  const { secret, value } = await secretOf(id);
  const scope = { kind: 'registry', registry: registry.admin.id } as const;
  await registry.run('createPrincipal', { id, tenant, kind: 'service-principal', name, appId });
  await registry.run('addRoleAssignment', { stream: tenant, id: newId(), principal: id, scope, ...given });
  await registry.run('addSecret', { stream: tenant, secret, replaces: false });
  return { id, username: toGuid(appId), password: value };
}

async function tokenWith(scopeMap: string, name = `token-${scopeMap.replaceAll('_', '-')}`): Promise<Login> {
  const id = newId();
  const { secret, value } = await secretOf(id);
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
  for (const { name, method, path, body, root = '/v2' } of tried) {
    const refusals = new Set<string>();
    for (const repository of repositories) {
      const headers = host === undefined ? {} : { host };
      const asked = { authorization, headers, ...(body === undefined ? {} : { body }) };
      const reply = await call(registry, method, `${root}/${repository}${path}`, asked);
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
  const statuses = await Promise.all(
    ['/v2/_catalog', '/acr/v1/_catalog'].map(
      async (path) => (await call(registry, 'GET', path, { authorization })).status,
    ),
  );
  expect(new Set(statuses).size).toBe(1);
  return statuses[0] === 200;
}

async function mayExplain(authorization: string): Promise<boolean> {
  const path = '/acr/v1/_access/explain?principal=anonymous&action=catalog';
  return (await call(registry, 'GET', path, { authorization })).status === 200;
}

/** @param given what is allowed: the same on each repository, or on each its own. */
async function expectRights(login: Login, given: string | readonly [string, string, string]): Promise<void> {
  const each = typeof given === 'string' ? [given, given, given] : given;
  const expected = Object.fromEntries(
    repositories.flatMap((repository, at) => {
      const named = operations.filter(({ needs }) => each[at]?.includes(needs)).map(({ name }) => name);
      return named.length === 0 ? [] : [[repository, named]];
    }),
  );
  const allowed = each.join('');
  const token = await tokenOf(login);
  expect(token !== undefined, 'whoever may do nothing gets no token').toBe(allowed !== '');
  for (const authorization of [basic(login), ...(token === undefined ? [] : [token])]) {
    expect(await letIn(authorization)).toEqual(expected);
    expect(await mayList(authorization)).toBe(allowed.includes('C'));
    expect(await mayExplain(authorization)).toBe(allowed.includes('E'));
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

  test.each(customRoleMatrix)('the custom role that $name may do what is written', async (row) => {
    await expectRights(loginOf(row.name), row[mode]);
  });

  test.each(conditionMatrix)('the condition to $what lets through what is written', async (row) => {
    const { what, own, other, absent } = row;
    await expectRights(loginOf(what), mode === 'abac' ? [own, other, absent] : '');
  });

  test.each(scopeMapMatrix)(
    'a token with $name may do what is written, by Basic and by a token',
    async (row) => {
      await expectRights(loginOf(row.name), row.allowed);
    },
  );
});

describe('a name gives nothing', () => {
  beforeAll(async () => registry.set({ roleAssignmentMode: 'LegacyRegistryPermissions' }));

  test.each(['admin', 'cerulean-admin', 'system-writer', 'Owner-1', 'anonymous'])(
    'to a token that is called %s',
    async (name) => {
      await expectRights(await tokenWith('_repositories_pull', name), 'P');
    },
  );

  test.each(['cerulean', 'admin', 'owner', 'acrpush', 'anonymous', '_repositories_admin'])(
    'to a principal whose name is %s',
    async (name) => {
      const [directory] = await registry.reader.listTenants();
      const role = '7f951dda-4ed3-4680-a7ca-43fe172d538d';
      await expectRights(await principalWith(directory?.id ?? '', name, { role }), 'PrC');
    },
  );
});

test('a token that was issued in another mode is worth nothing, and a new one is got at once', async () => {
  await registry.set({ roleAssignmentMode: 'LegacyRegistryPermissions' });
  // It may the same in both modes, so that only the age of the token can be what is refused.
  const login = loginOf('Container Registry Data Importer and Data Reader');
  const pull = async (authorization: string) =>
    (await call(registry, 'GET', '/v2/own/manifests/v1', { authorization })).status;
  const before = (await tokenOf(login)) ?? '';
  expect(await pull(before)).toBe(200);
  await registry.set({ roleAssignmentMode: 'AbacRepositoryPermissions' });
  expect(await letIn(before)).toEqual({});
  expect(await pull((await tokenOf(login)) ?? '')).toBe(200);
  expect(await pull(basic(login))).toBe(200);
  await registry.set({ roleAssignmentMode: 'LegacyRegistryPermissions' });
  expect(await pull(before)).toBe(401);
});

describe('a token for a repository that is deleted and made again', () => {
  const push = async (name: string) => {
    const body = 'of the second owner';
    return (await call(registry, 'POST', `/v2/${name}/blobs/uploads/?digest=${digestOf(body)}`, { body }))
      .status;
  };
  const blob = digestOf('of the second owner');
  const as = (authorization: string) => ({ authorization, body: '' });

  test('does nothing there, whoever made it again; a new token does, and other claims of the old one go on', async () => {
    expect(await push('again')).toBe(201);
    const scopes = ['repository:again:pull,push', 'repository:own:pull,push'];
    const before = await tokenFor(registry, ...scopes);
    const read = async (authorization: string) =>
      (await call(registry, 'GET', `/v2/again/blobs/${blob}`, { authorization })).status;
    expect(await read(before)).toBe(200);
    expect((await call(registry, 'DELETE', '/acr/v1/again')).status).toBe(202);
    expect(await push('again')).toBe(201);
    const refused = await call(registry, 'GET', `/v2/again/blobs/${blob}`, { authorization: before });
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toContain('scope="repository:again:pull"');
    expect((await call(registry, 'POST', '/v2/again/blobs/uploads/', as(before))).status).toBe(401);
    const other = await call(registry, 'GET', `/v2/own/blobs/${digestOf(layer)}`, { authorization: before });
    expect(other.status).toBe(200);
    const after = await tokenFor(registry, ...scopes);
    expect(after).not.toBe(before);
    expect(await read(after)).toBe(200);
    // And again: each deletion is an end.
    expect((await call(registry, 'DELETE', '/acr/v1/again')).status).toBe(202);
    expect(await push('again')).toBe(201);
    expect(await read(after)).toBe(401);
  });

  test('mounts nothing from it', async () => {
    expect(await push('source')).toBe(201);
    const scopes = ['repository:own:pull,push', 'repository:source:pull'];
    const before = await tokenFor(registry, ...scopes);
    expect((await call(registry, 'DELETE', '/acr/v1/source')).status).toBe(202);
    expect(await push('source')).toBe(201);
    const mount = `/v2/own/blobs/uploads/?mount=${blob}&from=source`;
    const refused = await call(registry, 'POST', mount, as(before));
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toContain('repository:source:pull');
    expect((await call(registry, 'POST', `/v2/own/blobs/uploads/?mount=${blob}`, as(before))).status).toBe(
      202,
    );
    expect((await call(registry, 'POST', mount, as(await tokenFor(registry, ...scopes)))).status).toBe(201);
  });
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
