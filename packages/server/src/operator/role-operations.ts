/** What the operator's command does with roles: the built-in ones are shown, custom ones are made and changed. */
import { builtInRoles, findRole } from '../access/built-in-roles.ts';
import { flawInConditionalRole, flawInPermissions } from '../access/custom-role.ts';
import { RegistryError } from '../errors.ts';
import { fromGuid, isGuid, toGuid } from '../identity/guid.ts';
import type { RoleDefinitionRow } from '../registry/access-reader.ts';
import type { OperatorRole } from './access-protocol.ts';
import { firstTenant } from './known-principal.ts';
import { customRole, type KnownRole, knownRole } from './known-role.ts';
import type { OperationsParts } from './operations-parts.ts';
import { operatorContext } from './operator-context.ts';
import type { OperatorHandlers } from './operator-handlers.ts';
import type { OperatorInput } from './protocol.ts';

type RoleOperations = Pick<
  OperatorHandlers,
  'role.list' | 'role.show' | 'role.create' | 'role.update' | 'role.delete'
>;

export function roleOperations(parts: OperationsParts): RoleOperations {
  const { reader, bus, sources } = parts;
  return {
    'role.list': async () => {
      const { tenant } = await firstTenant(reader);
      return [...builtInRoles, ...(await reader.listRoleDefinitions(tenant.id))].map(shown);
    },
    'role.show': async ({ role }) => shown(await knownRole(reader, role)),
    'role.create': async (input) => {
      if (findRole(input.name) !== undefined || isGuid(input.name))
        throw new RegistryError(
          'resource_invalid',
          `${input.name} is the name or the id of a built-in role.`,
        );
      // Names are found in any case, so two that differ in it alone would be one.
      if ((await customRole(reader, input.name)) !== undefined)
        throw new RegistryError(
          'resource_exists',
          `There is a role ${input.name} already; change it with: role update`,
        );
      return put(parts, { input, id: sources.newId(), replaces: false });
    },
    'role.update': async (input) => {
      const known = await knownCustomRole(parts, input.name);
      const made = definitionOf(input, known.assignableScopes);
      await refuseUnconditional(parts, { ...known, ...made });
      return put(parts, {
        input: { ...input, name: known.name },
        id: fromGuid(known.id) ?? '',
        replaces: true,
      });
    },
    'role.delete': async ({ role }) => {
      const { id } = await knownCustomRole(parts, role);
      const { tenant } = await firstTenant(reader);
      const options = { lane: tenant.id, context: operatorContext(sources) };
      await bus.execute('deleteRoleDefinition', { id: fromGuid(id) ?? '', tenant: tenant.id }, options);
      return { deleted: true };
    },
  };
}

async function put(
  { reader, bus, sources }: OperationsParts,
  role: { readonly input: OperatorInput<'role.create'>; readonly id: string; readonly replaces: boolean },
): Promise<OperatorRole> {
  const { input, id, replaces } = role;
  const { tenant, subscription } = await firstTenant(reader);
  const { permissions, assignableScopes } = definitionOf(input, [
    `/subscriptions/${toGuid(subscription.id)}`,
  ]);
  const flaw = flawInPermissions(permissions) ?? flawInScopes(assignableScopes, toGuid(subscription.id));
  if (flaw !== undefined) throw new RegistryError('resource_invalid', flaw);
  const { name, description = '' } = input;
  const definition = { id, tenant: tenant.id, name, description, permissions, assignableScopes };
  const options = { lane: tenant.id, context: operatorContext(sources) };
  await bus.execute('putRoleDefinition', { ...definition, replaces }, options);
  return shown({ ...definition, id: toGuid(id) });
}

function definitionOf(
  input: OperatorInput<'role.create'>,
  scopes: readonly string[],
): Pick<RoleDefinitionRow, 'permissions' | 'assignableScopes'> {
  const { actions = [], notActions = [], dataActions = [], notDataActions = [] } = input;
  return {
    permissions: { actions, notActions, dataActions, notDataActions },
    assignableScopes: input.assignableScopes ?? scopes,
  };
}

/** What is wrong with where a role may be given, or undefined. */
function flawInScopes(scopes: readonly string[], subscription: string): string | undefined {
  const root = `/subscriptions/${subscription}`;
  const wrong = scopes.find((scope) => scope !== '/' && !`${scope}/`.toLowerCase().startsWith(`${root}/`));
  if (scopes.length === 0) return `Say where the role may be given, such as ${root}.`;
  return wrong === undefined
    ? undefined
    : `«${wrong}» is not within ${root}, the subscription that there is.`;
}

/** A role that is given under a condition must stay one that takes conditions. @throws resource_invalid */
async function refuseUnconditional({ reader }: OperationsParts, role: RoleDefinitionRow): Promise<void> {
  const flaw = flawInConditionalRole(role);
  if (flaw === undefined) return;
  const assignments = await reader.listAssignments();
  const isConditional = assignments.some(
    ({ role: id, condition }) => id === role.id && condition !== undefined,
  );
  if (isConditional)
    throw new RegistryError('resource_invalid', `${flaw} It is given under a condition now.`);
}

async function knownCustomRole({ reader }: OperationsParts, named: string): Promise<RoleDefinitionRow> {
  const found = await customRole(reader, named);
  if (found !== undefined) return found;
  const { name } = await knownRole(reader, named);
  const message = `${name} is a built-in role: it can't be changed or deleted. Make one of your own with: role create`;
  throw new RegistryError('resource_invalid', message);
}

function shown({ id, name, permissions, description, assignableScopes }: KnownRole): OperatorRole {
  const { actions, notActions, dataActions, notDataActions } = permissions;
  return {
    id,
    name,
    isCustom: assignableScopes !== undefined,
    description: description ?? '',
    actions,
    notActions,
    dataActions,
    notDataActions,
    assignableScopes: assignableScopes ?? ['/'],
  };
}
