/** What the operator's command does with the bindings of managed identities. */
import { RegistryError } from '../errors.ts';
import { parseAddressNetwork } from '../identity/address-network.ts';
import { makeBindingHeader } from '../identity/binding-header.ts';
import { toGuid } from '../identity/guid.ts';
import type { NewIdentityBinding } from '../registry/access-commands.ts';
import type { IdentityBindingRow } from '../registry/access-reader.ts';
import type { OperatorIdentityBinding } from './access-protocol.ts';
import { iso } from './iso-time.ts';
import { firstTenant, knownPrincipal } from './known-principal.ts';
import type { OperationsParts } from './operations-parts.ts';
import { operatorContext } from './operator-context.ts';
import type { OperatorHandlers } from './operator-handlers.ts';

export function identityBindingOperations(
  parts: OperationsParts,
): Pick<
  OperatorHandlers,
  'identity-binding.list' | 'identity-binding.show' | 'identity-binding.create' | 'identity-binding.delete'
> {
  const { reader, bus, sources } = parts;
  const find = async (id: string): Promise<OperatorIdentityBinding> => {
    const row = (await reader.listIdentityBindings()).find(
      (binding) => toGuid(binding.id) === id.toLowerCase(),
    );
    if (row !== undefined) return describe(parts, row);
    throw new RegistryError(
      'resource_unknown',
      `There is no identity binding ${id}; see: identity-binding list`,
    );
  };
  return {
    'identity-binding.list': async ({ identity }) => {
      const of = identity === undefined ? undefined : await knownPrincipal(reader, identity);
      const rows = await reader.listIdentityBindings();
      const wanted = rows.filter((row) => of === undefined || row.identity === of.id);
      return Promise.all(wanted.map((row) => describe(parts, row)));
    },
    'identity-binding.show': ({ id }) => find(id),
    'identity-binding.create': async ({ identity, address, systemAssigned }) => {
      const { id: principal, tenant } = await knownPrincipal(reader, identity);
      const id = sources.newId();
      const { caller, value } = await callerOf(parts, id, address);
      const binding = { id, identity: principal, systemAssigned, caller };
      const options = { lane: tenant, context: operatorContext(sources) };
      await bus.execute('addIdentityBinding', { stream: tenant, binding }, options);
      const made = await find(toGuid(id));
      return value === undefined ? made : { ...made, value };
    },
    'identity-binding.delete': async ({ id }) => {
      await find(id);
      const { tenant } = await firstTenant(reader);
      const input = { stream: tenant.id, id: id.toLowerCase().replaceAll('-', '') };
      const options = { lane: tenant.id, context: operatorContext(sources) };
      await bus.execute('deleteIdentityBinding', input, options);
      return { deleted: true };
    },
  };
}

/** With an address the caller is whoever calls from there, without one whoever knows a secret. @throws resource_invalid */
async function callerOf(
  { systemKeys }: OperationsParts,
  id: string,
  address: string | undefined,
): Promise<{ readonly caller: NewIdentityBinding['caller']; readonly value?: string }> {
  if (address === undefined) return makeBindingHeader(id, await systemKeys.currentSecret('verifier'));
  if (parseAddressNetwork(address) !== undefined)
    return { caller: { kind: 'address', network: address.toLowerCase() } };
  const message = `«${address}» is no address or network of callers: write it as 10.0.0.7, 10.0.0.0/24 or fd00::/64. A network that holds everybody is none.`;
  throw new RegistryError('resource_invalid', message);
}

async function describe(
  { reader }: OperationsParts,
  { id, identity, systemAssigned, caller, createdAt }: IdentityBindingRow,
): Promise<OperatorIdentityBinding> {
  const principal = await reader.directoryPrincipal(identity);
  return {
    id: toGuid(id),
    identity: principal?.name ?? '',
    clientId: principal?.appId === undefined ? null : toGuid(principal.appId),
    systemAssigned,
    address: caller.kind === 'address' ? caller.network : null,
    createdAt: iso(createdAt),
  };
}
