/** Tenants, subscriptions, and the principals of the directory with their groups and role assignments. */

import type { AssignmentScope } from '../../../access/role-assignment.ts';
import { RegistryError } from '../../../errors.ts';
import { defaultResourceGroup } from '../../../registry/access-commands.ts';
import type { Transaction } from '../queries.ts';
import { statement } from '../statement.ts';
import type { CommandBody } from './command.ts';
import * as sql from './directory-statements.ts';
import { refuseUnknownRole } from './roles.ts';
import { removeFamiliesOf } from './sign-in-statements.ts';

/** The first start with a directory. A second caller finds it made and changes nothing. */
export const ensureDirectory: CommandBody<'ensureDirectory'> = async (tx, input, { now }) => {
  if ((await tx.one(sql.anyTenant, {})) !== undefined) return { value: { created: false } };
  await tx.run(sql.insertTenant, { id: input.tenant, name: input.tenantName, now });
  const { subscription: id, tenant, subscriptionName: name } = input;
  await tx.run(sql.insertSubscription, { id, tenant, name, now });
  await tx.run(sql.placeRegistries, { subscription: id, resourceGroup: defaultResourceGroup });
  return {
    value: { created: true },
    rights: true,
    event: { registry: tenant, kind: 'directory.create', payload: { tenant, subscription: id } },
  };
};

/** @throws resource_exists */
export const createPrincipal: CommandBody<'createPrincipal'> = async (tx, input, { now }) => {
  const { id, tenant, kind, name, appId } = input;
  if ((await tx.run(sql.insertPrincipal, { id, tenant, kind, name, appId, now })) === 0) {
    throw new RegistryError(
      'resource_exists',
      `There is a principal called ${name} already; choose another name.`,
    );
  }
  return { value: {}, rights: true, event: { registry: tenant, kind: 'principal.create', payload: input } };
};

/** From now on a disabled principal may nothing, whatever tokens it holds. @throws resource_unknown */
export const enablePrincipal: CommandBody<'enablePrincipal'> = async (tx, input) => {
  const { tenant, name } = await lockedPrincipal(tx, input.id);
  await tx.run(sql.enablePrincipal, { id: input.id, enabled: Number(input.enabled) });
  // Its sign-ins are over, and do not come back with it.
  if (!input.enabled) await tx.run(removeFamiliesOf, { principal: input.id });
  const payload = { id: input.id, name, enabled: input.enabled };
  return { value: {}, rights: true, event: { registry: tenant, kind: 'principal.enable', payload } };
};

/** @throws resource_unknown */
export const deletePrincipal: CommandBody<'deletePrincipal'> = async (tx, { id }) => {
  const { tenant, name, kind } = await lockedPrincipal(tx, id);
  for (const removal of sql.removalsOfPrincipal) await tx.run(removal, { id });
  const payload = { id, name, kind };
  return { value: {}, rights: true, event: { registry: tenant, kind: 'principal.delete', payload } };
};

/** @throws resource_unknown, resource_invalid for a group that is none */
export const changeMembership: CommandBody<'changeMembership'> = async (tx, input) => {
  const group = await lockedPrincipal(tx, input.group);
  const member = await lockedPrincipal(tx, input.member);
  if (group.kind !== 'group' || group.tenant !== member.tenant)
    throw new RegistryError('resource_invalid', `${group.name} is no group that ${member.name} can be in.`);
  const change = { group: input.group, member: input.member };
  if (input.isMember) await tx.run(sql.addMember, change);
  else await tx.run(sql.removeMember, change);
  const kind = input.isMember ? 'group.add' : 'group.remove';
  return { value: {}, rights: true, event: { registry: group.tenant, kind, payload: change } };
};

/** @throws resource_unknown, resource_exists */
export const addRoleAssignment: CommandBody<'addRoleAssignment'> = async (tx, input, { now }) => {
  const { id, principal, role, scope } = input;
  await lockedPrincipal(tx, principal);
  await refuseUnknownRole(tx, role);
  const kept = {
    condition: input.condition?.text ?? null,
    conditionVersion: input.condition?.version ?? null,
  };
  const row = { id, principal, role, scopeKind: scope.kind, scope: scopeText(scope), ...kept, now };
  if ((await tx.run(sql.insertAssignment, row)) === 0)
    throw new RegistryError('resource_exists', 'This principal has this role at this scope already.');
  const payload = { id, principal, role, scope, condition: input.condition?.text ?? null };
  return {
    value: {},
    rights: true,
    event: { registry: input.stream, kind: 'role-assignment.create', payload },
  };
};

/** @throws resource_unknown */
export const deleteRoleAssignment: CommandBody<'deleteRoleAssignment'> = async (tx, { id, stream }) => {
  const found = await tx.one(sql.assignmentById, { id });
  if (found === undefined)
    throw new RegistryError(
      'resource_unknown',
      'There is no role assignment with this id; see: role-assignment list',
    );
  await tx.run(sql.removeAssignment, { id });
  const payload = { id, principal: found.principal, role: found.role, scope: found.scope };
  return { value: {}, rights: true, event: { registry: stream, kind: 'role-assignment.delete', payload } };
};

/** The principal, locked. @throws resource_unknown */
export async function lockedPrincipal(tx: Transaction, id: string) {
  const found = await tx.one(principalForUpdate, { id });
  if (found !== undefined) return found;
  throw new RegistryError('resource_unknown', 'There is no such principal any more.');
}

const principalForUpdate = statement<{ id: string }>()((q, p, dialect) => {
  const query = q
    .selectFrom('directory_principal')
    .select(['tenant', 'name', 'kind', 'enabled'])
    .where('id', '=', p.id);
  return dialect === 'postgres' ? query.forUpdate() : query;
});

/** As a row holds it. */
export function scopeText(scope: AssignmentScope): string {
  if (scope.kind === 'registry') return scope.registry;
  if (scope.kind === 'subscription') return scope.subscription;
  return `${scope.subscription}/${scope.resourceGroup.toLowerCase()}`;
}
