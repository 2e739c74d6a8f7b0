import { describe, expect, test } from 'vitest';
import type { RegistryRow } from '../registry/metadata-reader.ts';
import { type MadeRegistry, newId, openDeployment, type TestDeployment } from './deployment.fixture.ts';

async function rowOf(deployment: TestDeployment, name = 'cerulean'): Promise<RegistryRow> {
  const row = await deployment.identity.directory.registryByName(name);
  if (row === undefined) throw new Error(`There is no registry ${name}.`);
  return row;
}

const seen = async (deployment: TestDeployment, id: string) =>
  deployment.identity.directory.principalById(id, await rowOf(deployment));

async function rolesOf(deployment: TestDeployment, id: string): Promise<string[]> {
  const principal = await seen(deployment, id);
  return principal?.kind === 'directory' ? principal.assignments.map(({ role }) => role).toSorted() : [];
}

async function groupWith(deployment: TestDeployment, name: string, role: string): Promise<string> {
  const { tenant } = deployment;
  const id = newId();
  await deployment.run('createPrincipal', { id, tenant, kind: 'group', name, appId: null });
  const scope = { kind: 'registry', registry: deployment.registry.id } as const;
  await deployment.run('addRoleAssignment', { stream: tenant, id: newId(), principal: id, role, scope });
  return id;
}

const pull = '7f951dda-4ed3-4680-a7ca-43fe172d538d';
const push = '8311e382-0749-4cb8-b61a-304f252e45ec';
const remove = 'c2f4ef07-c644-48eb-af81-4b1b4947fb11';

describe('the directory', () => {
  test('gives a principal the roles of its groups, and of the groups that these are in', async () => {
    await using deployment = await openDeployment();
    const app = await deployment.createApplication('ci');
    const inner = await groupWith(deployment, 'inner', pull);
    const outer = await groupWith(deployment, 'outer', push);
    await groupWith(deployment, 'stranger', remove);
    expect(await rolesOf(deployment, app.id)).toEqual([]);
    await deployment.run('changeMembership', { group: inner, member: app.id, isMember: true });
    expect(await rolesOf(deployment, app.id)).toEqual([pull]);
    await deployment.run('changeMembership', { group: outer, member: inner, isMember: true });
    expect(await rolesOf(deployment, app.id)).toEqual([pull, push]);
    await deployment.run('changeMembership', { group: inner, member: app.id, isMember: false });
    expect(await rolesOf(deployment, app.id)).toEqual([]);
  });

  test('comes to an end where groups are in each other', async () => {
    await using deployment = await openDeployment();
    const app = await deployment.createApplication('ci');
    const one = await groupWith(deployment, 'one', pull);
    const two = await groupWith(deployment, 'two', push);
    for (const [group, member] of [
      [one, app.id],
      [one, two],
      [two, one],
    ] as const)
      await deployment.run('changeMembership', { group, member, isMember: true });
    expect(await rolesOf(deployment, app.id)).toEqual([pull, push]);
  });

  test('shows nobody of another registry', async () => {
    await using deployment = await openDeployment();
    const other: MadeRegistry = await deployment.createRegistry('otherone');
    const robot = await deployment.createToken('robot', '_repositories_admin');
    const { directory } = deployment.identity;
    const [here, there] = [await rowOf(deployment), await rowOf(deployment, 'otherone')];
    expect(await directory.principalById(robot.id, here)).toMatchObject({ kind: 'token', registry: here.id });
    expect(await directory.principalById(robot.id, there)).toBeUndefined();
    expect(await directory.principalById(other.principal, here)).toBeUndefined();
    expect(await directory.principalByLogin(there, 'robot')).toBeUndefined();
  });

  test('reads again after each write, and asks nothing twice while all stands', async () => {
    await using deployment = await openDeployment();
    const app = await deployment.createApplication('ci', 'AcrPull');
    const first = await seen(deployment, app.id);
    const again = await seen(deployment, app.id);
    expect(first).toMatchObject({ kind: 'directory', enabled: true });
    expect(again).toBe(first);
    await deployment.run('setRegistry', { registry: deployment.registry.id, change: {} });
    expect(await seen(deployment, app.id)).not.toBe(first);
    await deployment.run('enablePrincipal', { id: app.id, enabled: false });
    expect(await seen(deployment, app.id)).toMatchObject({ enabled: false });
    await deployment.run('deletePrincipal', { id: app.id });
    expect(await seen(deployment, app.id)).toBeUndefined();
  });
});
