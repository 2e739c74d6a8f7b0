import type { Principal } from '../access/authorise.ts';
import { createEpochCache } from '../access/epoch-cache.ts';
import type { RightsEpoch } from '../access/rights-epoch.ts';
import { limits } from '../limits.ts';
import type {
  CredentialRow,
  MetadataReader,
  PrincipalRow,
  RegistryRow,
} from '../registry/metadata-reader.ts';

/** Registries and who may enter them, as they are now: nothing that was changed is believed after its acknowledgement. */
export interface Directory {
  registryByName(name: string): Promise<RegistryRow | undefined>;
  principalById(id: string): Promise<Principal | undefined>;
  /** Always a read, so that a name that is there and one that is not take the same time. */
  principalByName(registry: string, name: string): Promise<Principal | undefined>;
  credentialsOf(principal: string): Promise<readonly CredentialRow[]>;
}

export type DirectoryReader = Pick<
  MetadataReader,
  'findRegistry' | 'findPrincipal' | 'principalById' | 'listCredentials'
>;

export function createDirectory(options: {
  readonly reader: DirectoryReader;
  readonly epoch: RightsEpoch;
}): Directory {
  const { reader, epoch } = options;
  const bounds = { epoch, entriesMax: limits.directoryEntriesMax };
  const registries = createEpochCache<RegistryRow>(bounds);
  const principals = createEpochCache<PrincipalRow>(bounds);
  const credentials = createEpochCache<readonly CredentialRow[]>(bounds);
  return {
    registryByName: (name) => registries.get(name, () => reader.findRegistry(name)),
    principalById: async (id) => principalOf(await principals.get(id, () => reader.principalById(id))),
    principalByName: async (registry, name) =>
      principalOf(await reader.findPrincipal(registry, 'admin', name)),
    credentialsOf: async (id) => (await credentials.get(id, () => reader.listCredentials(id))) ?? [],
  };
}

/** A kind that this program does not know is nobody: an older program must not take it for something else. */
function principalOf(row: PrincipalRow | undefined): Principal | undefined {
  if (row?.kind !== 'admin') return undefined;
  const { id, name, registry, enabled } = row;
  return { kind: 'admin', id, name, registry, enabled };
}
