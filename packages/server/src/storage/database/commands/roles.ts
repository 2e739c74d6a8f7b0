/** Custom roles. */
import { sql } from 'kysely';
import { roleById } from '../../../access/built-in-roles.ts';
import { RegistryError } from '../../../errors.ts';
import { toGuid } from '../../../identity/guid.ts';
import { limits } from '../../../limits.ts';
import type { Transaction } from '../queries.ts';
import { statement } from '../statement.ts';
import type { CommandBody } from './command.ts';

/** @throws resource_exists, resource_unknown, resource_invalid for too many */
export const putRoleDefinition: CommandBody<'putRoleDefinition'> = async (tx, input, { now }) => {
  const { id, tenant, name, description, permissions, assignableScopes } = input;
  const definition = JSON.stringify({ ...permissions, assignableScopes });
  const { count } = (await tx.one(countRoles, { tenant })) ?? { count: 0 };
  const row = { id, tenant, name, description, definition, now };
  if (input.replaces) {
    if ((await tx.run(changeRole, row)) === 0) throw unknownRole();
  } else {
    if (count >= limits.customRolesMax)
      throw new RegistryError(
        'resource_invalid',
        `There are at most ${limits.customRolesMax} custom roles: delete one first.`,
      );
    if ((await tx.run(insertRole, row)) === 0) {
      const message = `There is a role ${name} already; change it with: role update`;
      throw new RegistryError('resource_exists', message);
    }
  }
  const kind = input.replaces ? 'role.update' : 'role.create';
  const payload = { id, name, description, ...permissions, assignableScopes };
  return { value: {}, rights: true, event: { registry: tenant, kind, payload } };
};

/** @throws resource_unknown, resource_in_use while somebody has it */
export const deleteRoleDefinition: CommandBody<'deleteRoleDefinition'> = async (tx, { id, tenant }) => {
  const role = await tx.one(lockedRole, { id });
  if (role === undefined) throw unknownRole();
  const given = { role: toGuid(id) };
  const holders = [...(await tx.all(holdersOf, given)), ...(await tx.all(issuersThatGive, given))];
  if (holders.length > 0) {
    const names = holders.map(({ name }) => name).join(', ');
    const message = `The role ${role.name} is given to ${names}: take it away first, see role-assignment list and trusted-issuer list`;
    throw new RegistryError('resource_in_use', message);
  }
  await tx.run(removeRole, { id });
  const payload = { id, name: role.name };
  return { value: {}, rights: true, event: { registry: tenant, kind: 'role.delete', payload } };
};

/** Locks a custom role against its deletion while it is being given. @throws resource_unknown */
export async function refuseUnknownRole(tx: Transaction, role: string): Promise<void> {
  if (roleById(role) !== undefined) return;
  if ((await tx.one(lockedRole, { id: role.replaceAll('-', '') })) === undefined) throw unknownRole();
}

const unknownRole = (): RegistryError =>
  new RegistryError('resource_unknown', 'There is no such role any more; see: role list');

type RoleRow = {
  id: string;
  tenant: string;
  name: string;
  description: string;
  definition: string;
  now: number;
};

const insertRole = statement<RoleRow>()((q, p) =>
  q
    .insertInto('role_definition')
    .values({
      id: p.id,
      tenant: p.tenant,
      name: p.name,
      description: p.description,
      definition: p.definition,
      created_at: p.now,
      updated_at: p.now,
    })
    .onConflict((conflict) => conflict.columns(['tenant', 'name']).doNothing()),
);

const changeRole = statement<RoleRow>()((q, p) =>
  q
    .updateTable('role_definition')
    .set({ description: p.description, definition: p.definition, updated_at: p.now })
    .where('id', '=', p.id)
    .where('tenant', '=', p.tenant),
);

const countRoles = statement<{ tenant: string }>()((q, p) =>
  q.selectFrom('role_definition').select(sql<number>`count(*)`.as('count')).where('tenant', '=', p.tenant),
);

const lockedRole = statement<{ id: string }>()((q, p, dialect) => {
  const query = q.selectFrom('role_definition').select(['name']).where('id', '=', p.id);
  return dialect === 'postgres' ? query.forUpdate() : query;
});

const holdersOf = statement<{ role: string }>()((q, p) =>
  q
    .selectFrom('role_assignment')
    .innerJoin('directory_principal', 'directory_principal.id', 'role_assignment.principal')
    .select(['directory_principal.name'])
    .where('role_assignment.role', '=', p.role)
    .orderBy('directory_principal.name')
    .limit(10),
);

const issuersThatGive = statement<{ role: string }>()((q, p) =>
  q.selectFrom('trusted_issuer').select(['name']).where('role', '=', p.role).orderBy('name').limit(10),
);

const removeRole = statement<{ id: string }>()((q, p) =>
  q.deleteFrom('role_definition').where('id', '=', p.id),
);
