import type { Principal } from '../access/authorise.ts';
import { roleById } from '../access/built-in-roles.ts';
import { createEpochCache } from '../access/epoch-cache.ts';
import type { RightsEpoch } from '../access/rights-epoch.ts';
import { placeOf, type RoleAssignment } from '../access/role-assignment.ts';
import { systemScopeMaps } from '../access/scope-map.ts';
import { limits } from '../limits.ts';
import type {
  DirectoryPrincipalRow,
  IdentityBindingRow,
  OutsidePrincipalRow,
  SecretRow,
  TenantRow,
  TrustedIssuerRow,
  UserPasswordRow,
} from '../registry/access-reader.ts';
import type {
  CredentialRow,
  MetadataReader,
  PrincipalRow,
  RegistryRow,
} from '../registry/metadata-reader.ts';
import { fromGuid } from './guid.ts';
import type { RepositoryDeletedAt } from './repository-claims.ts';

/** Registries and who may enter them, as they are now: nothing that was changed is believed after its acknowledgement. */
export interface Directory {
  registryByName(name: string): Promise<RegistryRow | undefined>;
  /** The principal with this id, as seen from this registry. One of another registry is not seen. */
  principalById(id: string, registry: RegistryRow): Promise<Principal | undefined>;
  /**
   * Whoever logs in by this name: the admin user, a token, or (by client id) a principal of the directory. Always a
   * read, so that a name that is there and one that is not take the same time.
   */
  principalByLogin(registry: RegistryRow, user: string): Promise<Principal | undefined>;
  /** The principal with this client id (a GUID). Always a read. */
  applicationById(clientId: string): Promise<DirectoryPrincipalRow | undefined>;
  /** The principal of the directory with this id. Always a read. */
  directoryPrincipal(id: string): Promise<DirectoryPrincipalRow | undefined>;
  /** Always a read, as of a name that is not there. */
  principalByName(tenant: string, name: string): Promise<DirectoryPrincipalRow | undefined>;
  userPassword(principal: string): Promise<UserPasswordRow | undefined>;
  /** Who may have tokens of which managed identity. */
  identityBindings(): Promise<readonly IdentityBindingRow[]>;
  credentialsOf(principal: string): Promise<readonly CredentialRow[]>;
  secretsOf(owner: string): Promise<readonly SecretRow[]>;
  readonly repositoryDeletedAt: RepositoryDeletedAt;
  /** Oldest first. */
  tenants(): Promise<readonly TenantRow[]>;
  /** Their ids. */
  subscriptions(): Promise<readonly string[]>;
  /** Oldest first, disabled ones too. */
  trustedIssuers(): Promise<readonly TrustedIssuerRow[]>;
}

export type DirectoryReader = Pick<
  MetadataReader,
  | 'findRegistry'
  | 'findPrincipal'
  | 'principalById'
  | 'listCredentials'
  | 'listTenants'
  | 'directoryPrincipal'
  | 'directoryPrincipalByApp'
  | 'listGroupsOf'
  | 'listAssignmentsOf'
  | 'findRoleDefinition'
  | 'repositoryDeletedAt'
  | 'listSecrets'
  | 'listSubscriptions'
  | 'listIdentityBindings'
  | 'directoryPrincipalByName'
  | 'userPassword'
  | 'findScopeMap'
  | 'listTrustedIssuers'
  | 'outsidePrincipal'
>;

/** Who is known under an id, with all that rights are decided from. */
type Known =
  | { readonly kind: 'admin'; readonly row: PrincipalRow }
  | {
      readonly kind: 'token';
      readonly row: PrincipalRow;
      readonly scopeMap: { readonly name: string; readonly actions: readonly string[] };
    }
  | {
      readonly kind: 'directory';
      readonly row: DirectoryPrincipalRow;
      readonly assignments: readonly RoleAssignment[];
    }
  | {
      readonly kind: 'outside';
      readonly row: OutsidePrincipalRow;
      readonly issuer: TrustedIssuerRow;
      /** The issuer alone, as the list that rights are remembered by. */
      readonly assignments: readonly RoleAssignment[];
    };

export function createDirectory(options: {
  readonly reader: DirectoryReader;
  readonly epoch: RightsEpoch;
}): Directory {
  const { reader, epoch } = options;
  const bounds = { epoch, entriesMax: limits.directoryEntriesMax };
  const registries = createEpochCache<RegistryRow>(bounds);
  const known = createEpochCache<Known>(bounds);
  /** One view of a principal from each registry, so that what was found out about it is found again. */
  const views = new WeakMap<Known, WeakMap<RegistryRow, Principal>>();
  const credentials = createEpochCache<readonly CredentialRow[]>(bounds);
  const secrets = createEpochCache<readonly SecretRow[]>(bounds);
  const deletions = createEpochCache<{ readonly at: number }>(bounds);
  const tenants = createEpochCache<readonly TenantRow[]>({ epoch, entriesMax: 1 });
  const bindings = createEpochCache<readonly IdentityBindingRow[]>({ epoch, entriesMax: 1 });
  const issuers = createEpochCache<readonly TrustedIssuerRow[]>({ epoch, entriesMax: 1 });

  async function principalById(id: string, registry: RegistryRow): Promise<Principal | undefined> {
    const found = await known.get(id, () => load(reader, id));
    if (found === undefined) return undefined;
    const from = views.get(found) ?? new WeakMap<RegistryRow, Principal>();
    const view = from.get(registry) ?? seenFrom(registry, found);
    if (view !== undefined) views.set(found, from.set(registry, view));
    return view;
  }

  return {
    principalById,
    registryByName: (name) => registries.get(name, () => reader.findRegistry(name)),
    async principalByLogin(registry, user) {
      const appId = fromGuid(user);
      if (appId !== undefined) {
        const row = await reader.directoryPrincipalByApp(appId);
        return row === undefined ? undefined : principalById(row.id, registry);
      }
      const [admin, token] = await Promise.all([
        reader.findPrincipal(registry.id, 'admin', user),
        reader.findPrincipal(registry.id, 'token', user),
      ]);
      const id = admin?.id ?? token?.id;
      return id === undefined ? undefined : principalById(id, registry);
    },
    async applicationById(clientId) {
      const appId = fromGuid(clientId);
      return appId === undefined ? undefined : reader.directoryPrincipalByApp(appId);
    },
    directoryPrincipal: (id) => reader.directoryPrincipal(id),
    principalByName: (tenant, name) => reader.directoryPrincipalByName(tenant, name),
    userPassword: (principal) => reader.userPassword(principal),
    identityBindings: async () => (await bindings.get('all', () => reader.listIdentityBindings())) ?? [],
    subscriptions: async () => (await reader.listSubscriptions()).map(({ id }) => id),
    credentialsOf: async (id) => (await credentials.get(id, () => reader.listCredentials(id))) ?? [],
    secretsOf: async (owner) => (await secrets.get(owner, () => reader.listSecrets(owner))) ?? [],
    repositoryDeletedAt: async (registry, name) =>
      (await deletions.get(`${registry}/${name}`, () => deletionOf(reader, registry, name)))?.at ?? 0,
    tenants: async () => (await tenants.get('all', () => reader.listTenants())) ?? [],
    trustedIssuers: async () => (await issuers.get('all', () => trustedIssuersOf(reader))) ?? [],
  };
}

const deletionOf = async (reader: DirectoryReader, registry: string, name: string) => ({
  at: await reader.repositoryDeletedAt(registry, name),
});

/** A kind that this program does not know is nobody: an older program must not take it for something else. */
async function load(reader: DirectoryReader, id: string): Promise<Known | undefined> {
  const row = await reader.principalById(id);
  if (row?.kind === 'admin') return { kind: 'admin', row };
  if (row?.kind === 'token') return { kind: 'token', row, scopeMap: await scopeMapOf(reader, row) };
  if (row !== undefined) return undefined;
  const inDirectory = await reader.directoryPrincipal(id);
  if (inDirectory === undefined) return loadOutside(reader, id);
  const holders = [id, ...(await groupsOf(reader, id))];
  const assignments = await Promise.all(holders.map((holder) => reader.listAssignmentsOf(holder)));
  return { kind: 'directory', row: inDirectory, assignments: await withRoles(reader, assignments.flat()) };
}

/** Assignments of custom roles, each with its role; one whose role is not there gives nothing. */
async function withRoles<Assignment extends RoleAssignment>(
  reader: DirectoryReader,
  assignments: readonly Assignment[],
): Promise<readonly Assignment[]> {
  return Promise.all(
    assignments.map(async (assignment) =>
      roleById(assignment.role) === undefined
        ? { ...assignment, custom: await reader.findRoleDefinition(assignment.role) }
        : assignment,
    ),
  );
}

const trustedIssuersOf = async (reader: DirectoryReader) =>
  withRoles(reader, await reader.listTrustedIssuers());

/** Whoever a trusted issuer let in is somebody only while that issuer is there. */
async function loadOutside(reader: DirectoryReader, id: string): Promise<Known | undefined> {
  const row = await reader.outsidePrincipal(id);
  if (row === undefined) return undefined;
  const issuer = (await trustedIssuersOf(reader)).find((trusted) => trusted.id === row.trustedIssuer);
  return issuer === undefined ? undefined : { kind: 'outside', row, issuer, assignments: [issuer] };
}

/** A scope map that is not there allows nothing. */
async function scopeMapOf(reader: DirectoryReader, { registry, scopeMap }: PrincipalRow) {
  const name = scopeMap ?? '';
  const system = systemScopeMaps.find((map) => map.name === name);
  const map = system ?? (await reader.findScopeMap(registry, name));
  return { name, actions: map?.actions ?? [] };
}

/** All groups that the principal is in, also by way of other groups; a ring of groups ends where it began. */
async function groupsOf(reader: DirectoryReader, id: string): Promise<string[]> {
  const found = new Set<string>();
  let level = [id];
  for (let depth = 0; depth < limits.groupDepthMax && level.length > 0; depth += 1) {
    const above = await Promise.all(level.map((member) => reader.listGroupsOf(member)));
    level = above.flat().filter((group) => !found.has(group));
    for (const group of level) found.add(group);
  }
  return [...found];
}

function seenFrom(registry: RegistryRow, known: Known): Principal | undefined {
  if (known.kind === 'admin' || known.kind === 'token') {
    const { id, name, enabled, registry: own } = known.row;
    if (own !== registry.id) return undefined;
    const common = { id, name, enabled, registry: own };
    return known.kind === 'admin'
      ? { kind: 'admin', ...common }
      : { kind: 'token', ...common, scopeMap: known.scopeMap };
  }
  const place = placeOf(registry);
  const { assignments } = known;
  if (known.kind === 'outside') {
    const { row, issuer } = known;
    const { tenant, enabled } = issuer;
    const name = `${issuer.name}:${row.subject}`;
    return { kind: 'outside', id: row.id, name, registry: registry.id, place, tenant, enabled, assignments };
  }
  const { id, name, enabled, tenant, appId, kind: type } = known.row;
  return {
    kind: 'directory',
    type,
    id,
    name,
    enabled,
    tenant,
    appId,
    registry: registry.id,
    place,
    assignments,
  };
}
