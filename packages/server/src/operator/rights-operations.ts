/** What the operator's command does with roles, and its answer to «why may he not?». */
import { parseRepositoryName } from '@cerulean/oci/repository-name.ts';
import { anonymousPrincipal } from '../access/anonymous-principal.ts';
import { authorise, type Principal, type Resource } from '../access/authorise.ts';
import { builtInRoles, findRole, roleById } from '../access/built-in-roles.ts';
import type { AssignmentScope } from '../access/role-assignment.ts';
import { RegistryError } from '../errors.ts';
import { createDirectory } from '../identity/directory.ts';
import { toGuid } from '../identity/guid.ts';
import type { RoleAssignmentRow } from '../registry/access-reader.ts';
import type { RegistryRow } from '../registry/metadata-reader.ts';
import type { OperatorRoleAssignment } from './access-protocol.ts';
import { iso } from './iso-time.ts';
import { firstTenant, knownPrincipal } from './known-principal.ts';
import { knownRegistry } from './known-registry.ts';
import type { OperationsParts } from './operations-parts.ts';
import { operatorContext } from './operator-context.ts';
import type { OperatorHandlers } from './operator-handlers.ts';
import type { OperatorInput } from './protocol.ts';

type RightsOperations = Pick<
  OperatorHandlers,
  | 'role.list'
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
    'role.list': async () => builtInRoles.map(({ id, name, permissions }) => ({ id, name, ...permissions })),
    'role-assignment.list': list,
    'role-assignment.show': ({ id }) => find(id),
    'role-assignment.create': async (input) => {
      const principal = await knownPrincipal(reader, input.principal);
      const role = findRole(input.role);
      if (role === undefined) {
        const message = `There is no role «${input.role}»; see: role list. To pull, give AcrPull; to push, AcrPush.`;
        throw new RegistryError('resource_invalid', message);
      }
      const { scope, stream } = await scopeOf(parts, input);
      const row = { id: sources.newId(), principal: principal.id, role: role.id, scope };
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
    'access.explain': async (input) => explain(parts, input),
  };
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
    role: roleById(row.role)?.name ?? row.role,
    roleId: row.role,
    scope: await azurePath(row.scope, await reader.listRegistries()),
    createdAt: iso(row.createdAt),
  };
}

async function azurePath(scope: AssignmentScope, registries: readonly RegistryRow[]): Promise<string> {
  if (scope.kind === 'subscription') return `/subscriptions/${toGuid(scope.subscription)}`;
  if (scope.kind === 'resource-group')
    return `/subscriptions/${toGuid(scope.subscription)}/resourceGroups/${scope.resourceGroup}`;
  const registry = registries.find(({ id }) => id === scope.registry);
  const group = `/subscriptions/${toGuid(registry?.subscription ?? '')}/resourceGroups/${registry?.resourceGroup ?? ''}`;
  return `${group}/providers/Microsoft.ContainerRegistry/registries/${registry?.name ?? scope.registry}`;
}

/** The decision as every surface makes it, with its reason. */
async function explain(parts: OperationsParts, input: OperatorInput<'access.explain'>) {
  const registry = await knownRegistry(parts.reader, input.registry);
  const principal = await principalNamed(parts, registry, input.principal);
  const resource = resourceOf(registry, input);
  const asked = { caller: { principal, bound: undefined }, action: input.action, resource };
  return authorise(asked, registry.settings);
}

async function principalNamed(
  parts: OperationsParts,
  registry: RegistryRow,
  named: string,
): Promise<Principal> {
  if (named === 'anonymous') return anonymousPrincipal(registry.id);
  // Nothing is remembered here: the answer is for a person, about now.
  const directory = createDirectory({ reader: parts.reader, epoch: { current: () => 0 } });
  const byLogin = await directory.principalByLogin(registry, named);
  if (byLogin !== undefined) return byLogin;
  const outside = await outsidePrincipalNamed(parts, named);
  const { id } = outside ?? (await knownPrincipal(parts.reader, named));
  const seen = await directory.principalById(id, registry);
  if (seen === undefined)
    throw new RegistryError('resource_unknown', `There is no principal ${named} any more.`);
  return seen;
}

/** Whoever a trusted issuer let in, by the issuer's name and the subject; undefined for a name of another form. */
async function outsidePrincipalNamed({ reader }: OperationsParts, named: string) {
  const colon = named.indexOf(':');
  const issuer = (await reader.listTrustedIssuers()).find(({ name }) => name === named.slice(0, colon));
  if (colon < 0 || issuer === undefined) return undefined;
  const subject = named.slice(colon + 1);
  const found = await reader.findOutsidePrincipal(issuer.id, subject);
  if (found !== undefined) return found;
  const message = `The trusted issuer ${issuer.name} has let in no subject «${subject}» yet; its log lines say why it refuses one.`;
  throw new RegistryError('resource_unknown', message);
}

function resourceOf(
  registry: RegistryRow,
  { action, repository }: OperatorInput<'access.explain'>,
): Resource {
  if (action === 'catalog') return { type: 'registry', registry: registry.id };
  const name = parseRepositoryName(repository ?? '');
  if (name !== undefined) return { type: 'repository', registry: registry.id, name };
  throw new RegistryError(
    'name_invalid',
    `Say on which repository: «${repository ?? ''}» is no repository's name.`,
  );
}
