import { RegistryError } from '../errors.ts';
import { fromGuid } from '../identity/guid.ts';
import type { DirectoryPrincipalRow, SubscriptionRow, TenantRow } from '../registry/access-reader.ts';
import type { MetadataReader } from '../registry/metadata-reader.ts';

/** The one tenant and the one subscription that there are today. */
export async function firstTenant(
  reader: Pick<MetadataReader, 'listTenants' | 'listSubscriptions'>,
): Promise<{ readonly tenant: TenantRow; readonly subscription: SubscriptionRow }> {
  const [tenant] = await reader.listTenants();
  const [subscription] = await reader.listSubscriptions();
  if (tenant === undefined || subscription === undefined)
    throw new TypeError('A deployment is never without a tenant and a subscription.');
  return { tenant, subscription };
}

/** The principal that the operator names: by name, object id or client id. @throws resource_unknown */
export async function knownPrincipal(reader: MetadataReader, named: string): Promise<DirectoryPrincipalRow> {
  const { tenant } = await firstTenant(reader);
  const principals = await reader.listDirectoryPrincipals(tenant.id);
  const byName = principals.find(({ name }) => name === named);
  if (byName !== undefined) return byName;
  const id = fromGuid(named);
  const byId = id === undefined ? undefined : principals.find((row) => row.id === id || row.appId === id);
  if (byId !== undefined) return byId;
  throw new RegistryError(
    'resource_unknown',
    `There is no principal ${named}; see: principal list. Make one with: principal create ${named}`,
  );
}
