import { findRole, type RoleDefinition, roleById } from '../access/built-in-roles.ts';
import { RegistryError } from '../errors.ts';
import type { RoleDefinitionRow } from '../registry/access-reader.ts';
import type { MetadataReader } from '../registry/metadata-reader.ts';
import { firstTenant } from './known-principal.ts';

/** A built-in role, or a custom one, which has more to it. */
export type KnownRole = RoleDefinition & Partial<RoleDefinitionRow>;

/** The role that the operator names, by its name in any case or its id. @throws resource_invalid */
export async function knownRole(reader: MetadataReader, named: string): Promise<KnownRole> {
  const found = findRole(named) ?? (await customRole(reader, named));
  if (found !== undefined) return found;
  const message = `There is no role «${named}»; see: role list. To pull, give AcrPull; to push, AcrPush.`;
  throw new RegistryError('resource_invalid', message);
}

/** The custom role of this name or id. */
export async function customRole(
  reader: MetadataReader,
  named: string,
): Promise<RoleDefinitionRow | undefined> {
  const { tenant } = await firstTenant(reader);
  const wanted = named.toLowerCase();
  const roles = await reader.listRoleDefinitions(tenant.id);
  return roles.find(({ id, name }) => id === wanted || name.toLowerCase() === wanted);
}

/** The name of a role that was given, by its GUID; the GUID itself where there is no such role any more. */
export async function roleNameOf(reader: MetadataReader, role: string): Promise<string> {
  return (roleById(role) ?? (await reader.findRoleDefinition(role)))?.name ?? role;
}

/** A custom role is given where it may be, and below. @throws resource_invalid */
export function refuseOutside(role: KnownRole, scope: string): void {
  const { assignableScopes } = role;
  const wanted = `${scope}/`.toLowerCase();
  const isWithin = (parent: string): boolean =>
    wanted.startsWith(`${parent.replace(/\/$/, '')}/`.toLowerCase());
  if (assignableScopes === undefined || assignableScopes.some(isWithin)) return;
  const message = `The role ${role.name} can be given at ${assignableScopes.join(', ')} and below, not at ${scope}.`;
  throw new RegistryError('resource_invalid', message);
}
