import { expect, test } from 'vitest';
import {
  describeDialects,
  randomId,
  type TestDatabase,
  testId,
  testNow,
  testRegistry,
} from '../open-test-database.ts';

const tenant = testId('7e');
const app = testId('aa');
const roleId = testId('c1');
const roleGuid = `${roleId.slice(0, 8)}-${roleId.slice(8, 12)}-${roleId.slice(12, 16)}-${roleId.slice(16, 20)}-${roleId.slice(20)}`;
const permissions = {
  actions: ['Microsoft.ContainerRegistry/registries/read'],
  notActions: [],
  dataActions: ['Microsoft.ContainerRegistry/registries/repositories/content/*'],
  notDataActions: ['Microsoft.ContainerRegistry/registries/repositories/content/delete'],
};
const role = {
  id: roleId,
  tenant,
  name: 'Promoter',
  description: 'pulls and pushes',
  permissions,
  assignableScopes: ['/'],
};
const scope = { kind: 'registry', registry: testRegistry } as const;
const assignment = { stream: tenant, id: testId('e1'), principal: app, role: roleGuid, scope };

async function openWithPrincipal(open: () => Promise<TestDatabase>): Promise<TestDatabase> {
  const database = await open();
  const names = { tenantName: 'cerulean', subscriptionName: 'cerulean' };
  await database.run('ensureDirectory', { tenant, subscription: testId('5b'), ...names });
  const principal = { id: app, tenant, kind: 'service-principal', name: 'ci', appId: testId('ab') } as const;
  await database.run('createPrincipal', principal);
  return database;
}

describeDialects('custom roles', (open) => {
  test('are read as they were written, have each name once, and change', async () => {
    await using database = await openWithPrincipal(open);
    await database.run('putRoleDefinition', { ...role, replaces: false });
    const { tenant: _tenant, ...kept } = role;
    const row = { ...kept, id: roleGuid, createdAt: testNow };
    expect(await database.reader.listRoleDefinitions(tenant)).toEqual([row]);
    expect(await database.reader.findRoleDefinition(roleGuid)).toEqual(row);
    const twin = { ...role, id: randomId(), replaces: false };
    await expect(database.run('putRoleDefinition', twin)).rejects.toMatchObject({ code: 'resource_exists' });
    const less = { ...permissions, dataActions: [] };
    await database.run('putRoleDefinition', { ...role, permissions: less, replaces: true });
    expect((await database.reader.findRoleDefinition(roleGuid))?.permissions).toEqual(less);
    const nobody = { ...role, id: randomId(), replaces: true };
    await expect(database.run('putRoleDefinition', nobody)).rejects.toMatchObject({
      code: 'resource_unknown',
    });
  });

  test('are given only while they are there, and deleted only when nobody has them', async () => {
    await using database = await openWithPrincipal(open);
    await expect(database.run('addRoleAssignment', assignment)).rejects.toMatchObject({
      code: 'resource_unknown',
    });
    await database.run('putRoleDefinition', { ...role, replaces: false });
    await database.run('addRoleAssignment', assignment);
    const removal = { id: roleId, tenant };
    await expect(database.run('deleteRoleDefinition', removal)).rejects.toMatchObject({
      code: 'resource_in_use',
      message: expect.stringContaining('ci'),
    });
    await database.run('deleteRoleAssignment', { stream: tenant, id: assignment.id });
    await database.run('deleteRoleDefinition', removal);
    expect(await database.reader.listRoleDefinitions(tenant)).toEqual([]);
    await expect(database.run('deleteRoleDefinition', removal)).rejects.toMatchObject({
      code: 'resource_unknown',
    });
  });

  test('a condition is kept with its assignment, and moves the rights epoch as all of this does', async () => {
    await using database = await openWithPrincipal(open);
    await database.run('putRoleDefinition', { ...role, replaces: false });
    const condition = { text: "ActionMatches{'*'}", version: '2.0' };
    const before = database.dialect === 'sqlite' ? database.epochs.current() : 0;
    await database.run('addRoleAssignment', { ...assignment, condition });
    expect(await database.reader.listAssignmentsOf(app)).toMatchObject([{ role: roleGuid, condition }]);
    if (database.dialect === 'sqlite') expect(database.epochs.current()).toBeGreaterThan(before);
    const kinds = await database.rows(`select kind from event where registry = '${tenant}'`);
    expect(kinds.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['role.create', 'role-assignment.create']),
    );
  });
});
