/** What the operator's command does with roles, and its answer to «why may he not?». */
import type { RoleDefinition } from '../access/built-in-roles.ts';
import { checkCondition } from '../access/conditions/check-condition.ts';
import { ConditionError } from '../access/conditions/condition-error.ts';
import { parseCondition } from '../access/conditions/parse-condition.ts';
import { conditionVersion } from '../access/conditions/read-condition.ts';
import { flawInConditionalRole } from '../access/custom-role.ts';
import type { AssignmentCondition, AssignmentScope } from '../access/role-assignment.ts';
import { RegistryError } from '../errors.ts';
import { explainAccess } from '../identity/explain-access.ts';
import { toGuid } from '../identity/guid.ts';
import type { RoleAssignmentRow } from '../registry/access-reader.ts';
import type { OperatorRoleAssignment } from './access-protocol.ts';
import { azurePath } from './azure-path.ts';
import { iso } from './iso-time.ts';
import { firstTenant, knownPrincipal } from './known-principal.ts';
import { knownRegistry } from './known-registry.ts';
import { knownRole, refuseOutside, roleNameOf } from './known-role.ts';
import type { OperationsParts } from './operations-parts.ts';
import { operatorContext } from './operator-context.ts';
import type { OperatorHandlers } from './operator-handlers.ts';
import type { OperatorInput } from './protocol.ts';

type RightsOperations = Pick<
  OperatorHandlers,
  | 'role-assignment.list'
  | 'role-assignment.show'
  | 'role-assignment.create'
  | 'role-assignment.delete'
  | 'access.explain'
>;

export function rightsOperations(parts: OperationsParts): RightsOperations {
  const { reader, bus, sources } = parts;
  const list = async () => Promise.all((await reader.listAssignments()).map((row) => describe(parts, row)));
  const find = async (id: string): Promise<OperatorRoleAssignment> => {
    const found = (await list()).find((assignment) => assignment.id === id.toLowerCase());
    if (found !== undefined) return found;
    throw new RegistryError(
      'resource_unknown',
      `There is no role assignment ${id}; see: role-assignment list`,
    );
  };
  return {
    'role-assignment.list': list,
    'role-assignment.show': ({ id }) => find(id),
    'role-assignment.create': async (input) => {
      const principal = await knownPrincipal(reader, input.principal);
      const role = await knownRole(reader, input.role);
      const { scope, stream } = await scopeOf(parts, input);
      refuseOutside(role, await azurePath(scope, await reader.listRegistries()));
      const condition = conditionOf(role, input);
      const row = {
        id: sources.newId(),
        principal: principal.id,
        role: role.id,
        scope,
        ...(condition === undefined ? {} : { condition }),
      };
      const options = { lane: stream, context: operatorContext(sources) };
      await bus.execute('addRoleAssignment', { stream, ...row }, options);
      return describe(parts, { ...row, createdAt: options.context.now });
    },
    'role-assignment.delete': async ({ id }) => {
      const { tenant } = await firstTenant(reader);
      await find(id);
      const input = { stream: tenant.id, id: id.toLowerCase().replaceAll('-', '') };
      const options = { lane: tenant.id, context: operatorContext(sources) };
      await bus.execute('deleteRoleAssignment', input, options);
      return { deleted: true };
    },
    'access.explain': async ({ registry, principal, action, repository }) => {
      const row = await knownRegistry(reader, registry);
      const { allowed, reason } = await explainAccess(reader, row, { principal, action, repository });
      return { allowed, reason };
    },
  };
}

/** The condition that was given, once it is known to mean something. @throws resource_invalid */
function conditionOf(
  role: RoleDefinition,
  { condition: text, conditionVersion: version = conditionVersion }: OperatorInput<'role-assignment.create'>,
): AssignmentCondition | undefined {
  if (text === undefined) return undefined;
  if (version !== conditionVersion)
    throw new RegistryError(
      'resource_invalid',
      `Conditions have version ${conditionVersion}, not ${version}.`,
    );
  const flaw = flawInConditionalRole(role);
  if (flaw !== undefined) throw new RegistryError('resource_invalid', flaw);
  try {
    checkCondition(parseCondition(text));
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    throw new RegistryError('resource_invalid', `The condition is wrong ${error.message}.`);
  }
  return { text, version };
}

async function scopeOf(
  { reader }: OperationsParts,
  input: OperatorInput<'role-assignment.create'>,
): Promise<{ readonly scope: AssignmentScope; readonly stream: string }> {
  const given = [input.registry, input.resourceGroup, input.subscription].filter(
    (scope) => scope !== undefined,
  );
  if (given.length !== 1) {
    const message = 'Say where the role holds: --registry NAME, --resource-group NAME or --subscription.';
    throw new RegistryError('resource_invalid', message);
  }
  if (input.registry !== undefined) {
    const { id } = await knownRegistry(reader, input.registry);
    return { scope: { kind: 'registry', registry: id }, stream: id };
  }
  const { tenant, subscription } = await firstTenant(reader);
  const { resourceGroup } = input;
  const scope: AssignmentScope =
    resourceGroup === undefined
      ? { kind: 'subscription', subscription: subscription.id }
      : { kind: 'resource-group', subscription: subscription.id, resourceGroup };
  return { scope, stream: tenant.id };
}

async function describe(
  { reader }: OperationsParts,
  row: RoleAssignmentRow,
): Promise<OperatorRoleAssignment> {
  const principal = await reader.directoryPrincipal(row.principal);
  return {
    id: toGuid(row.id),
    principal: principal?.name ?? '',
    principalId: toGuid(row.principal),
    role: await roleNameOf(reader, row.role),
    roleId: row.role,
    scope: await azurePath(row.scope, await reader.listRegistries()),
    condition: row.condition?.text ?? null,
    conditionVersion: row.condition?.version ?? null,
    createdAt: iso(row.createdAt),
  };
}
