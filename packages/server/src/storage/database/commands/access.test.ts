import { expect, test } from 'vitest';
import {
  describeDialects,
  newTestRegistry,
  randomId,
  type TestDatabase,
  testContext,
  testId,
  testNow,
  testRegistry,
} from '../open-test-database.ts';

const tenant = testId('7e');
const subscription = testId('5b');
const app = testId('aa');
const person = testId('bb');
const team = testId('cc');
const role = '7f951dda-4ed3-4680-a7ca-43fe172d538d';

async function openWithDirectory(open: () => Promise<TestDatabase>): Promise<TestDatabase> {
  const database = await open();
  const names = { tenantName: 'cerulean', subscriptionName: 'cerulean' };
  await database.run('ensureDirectory', { tenant, subscription, ...names });
  const common = { tenant, appId: null };
  await database.run('createPrincipal', {
    ...common,
    id: app,
    kind: 'service-principal',
    name: 'ci',
    appId: testId('ab'),
  });
  await database.run('createPrincipal', { ...common, id: person, kind: 'user', name: 'ann' });
  await database.run('createPrincipal', { ...common, id: team, kind: 'group', name: 'team' });
  return database;
}

const secret = (owner: string, name: string, expiresAt: number | null = null) => ({
  id: randomId(),
  owner,
  name,
  hint: 'abc',
  verifierVersion: 1,
  verifier: new Uint8Array([1, 2]),
  expiresAt,
});

describeDialects('the directory', (open) => {
  test('is made once, and gives registries a place, those of before and those of after', async () => {
    await using database = await openWithDirectory(open);
    const again = { tenant: testId('1'), tenantName: 'x', subscription: testId('2'), subscriptionName: 'y' };
    expect(await database.run('ensureDirectory', again)).toEqual({ created: false });
    expect(await database.reader.listTenants()).toEqual([{ id: tenant, name: 'cerulean' }]);
    expect(await database.reader.listSubscriptions()).toMatchObject([{ id: subscription, tenant }]);
    await database.run('createRegistry', {
      ...newTestRegistry(testId('a2'), 'second', testId('a3')),
      resourceGroup: 'Pay',
    });
    expect(await database.reader.findRegistry('cerulean')).toMatchObject({
      subscription,
      resourceGroup: 'cerulean',
    });
    expect(await database.reader.findRegistry('second')).toMatchObject({
      subscription,
      resourceGroup: 'Pay',
    });
  });

  test('finds a principal by its id and by its client id, and has each name once', async () => {
    await using database = await openWithDirectory(open);
    const found = {
      id: app,
      tenant,
      kind: 'service-principal',
      name: 'ci',
      appId: testId('ab'),
      enabled: true,
    };
    expect(await database.reader.directoryPrincipal(app)).toMatchObject(found);
    expect(await database.reader.directoryPrincipalByApp(testId('ab'))).toMatchObject(found);
    const twin = { id: randomId(), tenant, kind: 'user', name: 'ci', appId: null } as const;
    await expect(database.run('createPrincipal', twin)).rejects.toMatchObject({ code: 'resource_exists' });
    expect((await database.reader.listDirectoryPrincipals(tenant)).map(({ name }) => name)).toEqual([
      'ann',
      'ci',
      'team',
    ]);
  });

  test('a principal that is deleted takes all that hangs on it along', async () => {
    await using database = await openWithDirectory(open);
    const scope = { kind: 'registry', registry: testRegistry } as const;
    await database.run('addSecret', { stream: tenant, secret: secret(app, 'one'), replaces: false });
    await database.run('addRoleAssignment', {
      stream: tenant,
      id: testId('e1'),
      principal: app,
      role,
      scope,
    });
    await database.run('changeMembership', { group: team, member: app, isMember: true });
    await database.run('deletePrincipal', { id: app });
    expect(await database.reader.directoryPrincipal(app)).toBeUndefined();
    expect(await database.reader.listSecrets(app)).toEqual([]);
    expect(await database.reader.listAssignments()).toEqual([]);
    expect(await database.reader.listMembers(team)).toEqual([]);
    await expect(database.run('deletePrincipal', { id: app })).rejects.toMatchObject({
      code: 'resource_unknown',
    });
  });

  test('a group has members, and only a group does', async () => {
    await using database = await openWithDirectory(open);
    const join = { group: team, member: person, isMember: true };
    await database.run('changeMembership', join);
    await database.run('changeMembership', join);
    expect(await database.reader.listGroupsOf(person)).toEqual([team]);
    await database.run('changeMembership', { ...join, isMember: false });
    expect(await database.reader.listGroupsOf(person)).toEqual([]);
    const noGroup = { group: person, member: app, isMember: true };
    await expect(database.run('changeMembership', noGroup)).rejects.toMatchObject({
      code: 'resource_invalid',
    });
  });

  test('keeps several secrets of one principal, replaces one by its name, and bounds their number', async () => {
    await using database = await openWithDirectory(open);
    const add = (name: string, replaces: boolean, expiresAt: number | null = null) =>
      database.run('addSecret', { stream: tenant, secret: secret(app, name, expiresAt), replaces });
    await add('a', false, testNow + 1);
    await add('a', false);
    const expiries = (await database.reader.listSecrets(app)).map(({ expiresAt }) => expiresAt);
    expect(new Set(expiries)).toEqual(new Set([testNow + 1, undefined]));
    await add('a', true);
    expect(await database.reader.listSecrets(app)).toHaveLength(1);
    for (let at = 1; at < 20; at += 1) await add(`s${at}`, false);
    await expect(add('one more', false)).rejects.toMatchObject({ code: 'resource_invalid' });
    const [first] = await database.reader.listSecrets(app);
    await database.run('deleteSecret', { stream: tenant, owner: app, id: first?.id ?? '' });
    expect(await database.reader.listSecrets(app)).toHaveLength(19);
    const others = {
      stream: tenant,
      owner: person,
      id: (await database.reader.listSecrets(app))[0]?.id ?? '',
    };
    await expect(database.run('deleteSecret', others)).rejects.toMatchObject({ code: 'resource_unknown' });
  });

  test.each([
    { kind: 'registry', registry: testRegistry } as const,
    { kind: 'resource-group', subscription, resourceGroup: 'Pay/Ments' } as const,
    { kind: 'subscription', subscription } as const,
  ])('a role assignment on a $kind is read as it was written, and is there once', async (scope) => {
    await using database = await openWithDirectory(open);
    const assignment = { id: testId('e1'), principal: app, role, scope };
    await database.run('addRoleAssignment', { stream: tenant, ...assignment });
    const lower = 'resourceGroup' in scope ? { ...scope, resourceGroup: 'pay/ments' } : scope;
    const rows = await database.reader.listAssignmentsOf(app);
    expect(rows).toEqual([{ ...assignment, scope: lower, createdAt: testNow }]);
    const twin = { stream: tenant, ...assignment, id: testId('e2') };
    await expect(database.run('addRoleAssignment', twin)).rejects.toMatchObject({ code: 'resource_exists' });
    await database.run('deleteRoleAssignment', { stream: tenant, id: assignment.id });
    expect(await database.reader.listAssignments()).toEqual([]);
  });

  test('what was granted on a registry is gone with it', async () => {
    await using database = await openWithDirectory(open);
    const scope = { kind: 'registry', registry: testRegistry } as const;
    await database.run('addRoleAssignment', {
      stream: tenant,
      id: testId('e1'),
      principal: app,
      role,
      scope,
    });
    await database.run('deleteRegistry', { registry: testRegistry });
    expect(await database.reader.listAssignments()).toEqual([]);
  });

  test('every write moves the rights epoch and is told in an event, without what is secret', async () => {
    await using database = await openWithDirectory(open);
    if (database.dialect === 'sqlite') {
      const before = database.epochs.current();
      await database.run('enablePrincipal', { id: app, enabled: false });
      expect(database.epochs.current()).toBeGreaterThan(before);
    }
    await database.run('addSecret', { stream: tenant, secret: secret(app, 'one'), replaces: false });
    const events = await database.rows(`select kind, payload from event where registry = '${tenant}'`);
    expect(events.map(({ kind }) => kind)).toContain('secret.create');
    expect(JSON.stringify(events)).not.toContain('verifier');
  });
});

describeDialects('tokens and scope maps', (open) => {
  const map = {
    registry: testRegistry,
    name: 'pullers',
    description: 'd',
    actions: ['repositories/app/content/read'],
  };
  const token = { id: testId('70'), registry: testRegistry, name: 'robot', scopeMap: 'pullers', secrets: [] };

  test('a scope map is made, changed and deleted, once no token has it', async () => {
    await using database = await open();
    await database.run('putScopeMap', { ...map, replaces: false });
    await expect(database.run('putScopeMap', { ...map, replaces: false })).rejects.toMatchObject({
      code: 'resource_exists',
    });
    await database.run('putScopeMap', { ...map, actions: ['repositories/*/content/read'], replaces: true });
    expect(await database.reader.findScopeMap(testRegistry, 'pullers')).toMatchObject({
      actions: ['repositories/*/content/read'],
    });
    await database.run('createToken', token);
    const removal = { registry: testRegistry, name: 'pullers' };
    await expect(database.run('deleteScopeMap', removal)).rejects.toMatchObject({ code: 'resource_in_use' });
    await database.run('changeToken', {
      id: token.id,
      registry: testRegistry,
      enabled: null,
      scopeMap: '_repositories_pull',
    });
    await database.run('deleteScopeMap', removal);
    expect(await database.reader.listScopeMaps(testRegistry)).toEqual([]);
  });

  test.each(['_repositories_pull', '_repositories_mine'])('%s is not for anybody to make', async (name) => {
    await using database = await open();
    for (const replaces of [false, true])
      await expect(database.run('putScopeMap', { ...map, name, replaces })).rejects.toMatchObject({
        code: 'resource_invalid',
      });
    await expect(database.run('deleteScopeMap', { registry: testRegistry, name })).rejects.toMatchObject({
      code: 'resource_invalid',
    });
  });

  test('a token has a scope map of its own registry, is switched off and on, and goes with its passwords', async () => {
    await using database = await open();
    await expect(database.run('createToken', token)).rejects.toMatchObject({ code: 'resource_unknown' });
    const passwords = ['password1', 'password2'].map((name) => secret(token.id, name));
    await database.run('createToken', { ...token, scopeMap: '_repositories_pull', secrets: passwords });
    const twin = { ...token, id: randomId(), scopeMap: '_repositories_pull' };
    await expect(database.run('createToken', twin)).rejects.toMatchObject({ code: 'resource_exists' });
    expect(await database.reader.principalById(token.id)).toMatchObject({
      kind: 'token',
      enabled: true,
      scopeMap: '_repositories_pull',
    });
    await database.run('changeToken', {
      id: token.id,
      registry: testRegistry,
      enabled: false,
      scopeMap: null,
    });
    expect(await database.reader.listTokens(testRegistry)).toMatchObject([
      { name: 'robot', enabled: false, scopeMap: '_repositories_pull' },
    ]);
    expect((await database.reader.listSecrets(token.id)).map(({ name }) => name)).toEqual([
      'password1',
      'password2',
    ]);
    await database.run('deleteToken', { id: token.id, registry: testRegistry });
    expect(await database.reader.principalById(token.id)).toBeUndefined();
    expect(await database.reader.listSecrets(token.id)).toEqual([]);
  });

  test('a token of one registry is not there for another', async () => {
    await using database = await open();
    await database.run('createRegistry', newTestRegistry(testId('a2'), 'second', testId('a3')));
    await database.run('createToken', { ...token, scopeMap: '_repositories_pull' });
    const elsewhere = { id: token.id, registry: testId('a2') };
    await expect(database.run('deleteToken', elsewhere)).rejects.toMatchObject({ code: 'resource_unknown' });
    const change = { ...elsewhere, enabled: false, scopeMap: null };
    await expect(database.run('changeToken', change)).rejects.toMatchObject({ code: 'resource_unknown' });
  });

  test('the verifier of a secret moves to a newer key, as that of a password does', async () => {
    await using database = await open();
    const own = secret(token.id, 'password1');
    await database.run('createToken', { ...token, scopeMap: '_repositories_pull', secrets: [own] });
    const adoption = { credential: own.id, fromVersion: 1, toVersion: 2, verifier: new Uint8Array([9]) };
    const context = testContext();
    expect(
      await database.commands.execute('adoptVerifier', adoption, { lane: testRegistry, context }),
    ).toEqual({ adopted: true });
    const [row] = await database.reader.listSecrets(token.id);
    expect([row?.verifierVersion, Buffer.from(row?.verifier ?? []).toString('hex')]).toEqual([2, '09']);
  });
});
