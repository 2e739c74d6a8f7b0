/** `AccessReader` over SQL: the same statements on both engines. */
import type { DirectoryPrincipalType } from '../../access/authorise.ts';
import type { Permissions } from '../../access/permissions.ts';
import type { AssignmentScope } from '../../access/role-assignment.ts';
import { toGuid } from '../../identity/guid.ts';
import type {
  AccessReader,
  DirectoryPrincipalRow,
  IdentityBindingRow,
  OutsidePrincipalRow,
  RoleAssignmentRow,
  RoleDefinitionRow,
  ScopeMapRow,
  TrustedIssuerRow,
} from '../../registry/access-reader.ts';
import * as read from './access-statements.ts';
import type { Queries } from './queries.ts';
import type {
  DirectoryPrincipalTable,
  RoleAssignmentTable,
  RoleDefinitionTable,
  ScopeMapTable,
} from './schema.ts';
import type { IdentityBindingTable } from './sign-in-tables.ts';
import type { OutsidePrincipalTable, TrustedIssuerTable } from './trusted-issuer-tables.ts';

/** Reads through the given connection. */
export function accessSqlReader(queries: Queries): AccessReader {
  return {
    ...readPrincipals(queries),
    ...readCredentials(queries),
    ...readOutside(queries),
    ...readRights(queries),
  };
}

function readPrincipals(
  queries: Queries,
): Pick<
  AccessReader,
  | 'listTenants'
  | 'listSubscriptions'
  | 'directoryPrincipal'
  | 'directoryPrincipalByApp'
  | 'directoryPrincipalByName'
  | 'userPassword'
  | 'listDirectoryPrincipals'
  | 'listGroupsOf'
  | 'listMembers'
> {
  return {
    listTenants: () => queries.all(read.tenants, {}),
    listSubscriptions: () => queries.all(read.subscriptions, {}),
    directoryPrincipal: async (id) => principalRow(await queries.one(read.principalOfDirectory, { id })),
    directoryPrincipalByApp: async (appId) => principalRow(await queries.one(read.principalByApp, { appId })),
    directoryPrincipalByName: async (tenant, name) =>
      principalRow(await queries.one(read.principalByName, { tenant, name })),
    async userPassword(principal) {
      const row = await queries.one(read.passwordOf, { principal });
      if (row === undefined) return undefined;
      const { id, verifier_version: verifierVersion, verifier } = row;
      return {
        id,
        verifierKind: row.verifier_kind === 'hmac' ? 'hmac' : 'scrypt',
        verifierVersion,
        verifier,
      };
    },
    listDirectoryPrincipals: async (tenant) =>
      (await queries.all(read.principalsOfTenant, { tenant })).flatMap((row) => principalRow(row) ?? []),
    listGroupsOf: async (member) => (await queries.all(read.groupsOf, { member })).map((row) => row.group_id),
    listMembers: async (group) => (await queries.all(read.membersOf, { group })).map((row) => row.member),
  };
}

function readCredentials(
  queries: Queries,
): Pick<
  AccessReader,
  'listSecrets' | 'listCertificates' | 'listFederatedCredentials' | 'listIdentityBindings'
> {
  return {
    async listSecrets(owner) {
      const rows = await queries.all(read.secretsOf, { owner });
      return rows.map((row) => ({
        id: row.id,
        owner,
        name: row.name,
        hint: row.hint,
        verifierKind: 'hmac',
        verifierVersion: row.verifier_version,
        verifier: row.verifier,
        createdAt: row.created_at,
        expiresAt: row.expires_at ?? undefined,
      }));
    },
    async listCertificates(owner) {
      const rows = await queries.all(read.certificatesOf, { owner });
      return rows.map((row) => ({
        id: row.id,
        name: row.name,
        sha1: row.sha1,
        sha256: row.sha256,
        publicKey: row.public_key,
        createdAt: row.created_at,
        expiresAt: row.expires_at,
      }));
    },
    async listFederatedCredentials(owner) {
      const rows = await queries.all(read.federatedCredentialsOf, { owner });
      return rows.map((row) => ({
        id: row.id,
        name: row.name,
        issuer: row.issuer,
        subject: row.subject,
        audience: row.audience,
        keys: row.keys === '' ? undefined : row.keys,
        jwksUri: row.jwks_uri ?? undefined,
        ca: row.ca ?? undefined,
        createdAt: row.created_at,
      }));
    },
    listIdentityBindings: async () => (await queries.all(read.identityBindings, {})).flatMap(bindingRow),
  };
}

function readOutside(
  queries: Queries,
): Pick<AccessReader, 'listTrustedIssuers' | 'outsidePrincipal' | 'findOutsidePrincipal'> {
  return {
    listTrustedIssuers: async () => (await queries.all(read.trustedIssuers, {})).flatMap(trustedIssuerRow),
    outsidePrincipal: async (id) => outsidePrincipalRow(await queries.one(read.outsidePrincipal, { id })),
    findOutsidePrincipal: async (trustedIssuer, subject) =>
      outsidePrincipalRow(await queries.one(read.outsidePrincipalBySubject, { trustedIssuer, subject })),
  };
}

function readRights(
  queries: Queries,
): Pick<
  AccessReader,
  | 'listAssignmentsOf'
  | 'listAssignments'
  | 'findRoleDefinition'
  | 'listRoleDefinitions'
  | 'repositoryDeletedAt'
  | 'findScopeMap'
  | 'listScopeMaps'
  | 'listTokens'
> {
  return {
    listAssignmentsOf: async (principal) =>
      (await queries.all(read.assignmentsOf, { principal })).flatMap(assignmentRow),
    listAssignments: async () => (await queries.all(read.assignments, {})).flatMap(assignmentRow),
    async findRoleDefinition(id) {
      const row = await queries.one(read.roleDefinition, { id: id.replaceAll('-', '') });
      return row === undefined ? undefined : roleDefinitionRow(row);
    },
    listRoleDefinitions: async (tenant) =>
      (await queries.all(read.roleDefinitions, { tenant })).map(roleDefinitionRow),
    repositoryDeletedAt: async (registry, name) =>
      (await queries.one(read.repositoryDeletion, { registry, name }))?.deleted_at ?? 0,
    async findScopeMap(registry, name) {
      const row = await queries.one(read.scopeMap, { registry, name });
      return row === undefined ? undefined : scopeMapRow(row);
    },
    listScopeMaps: async (registry) => (await queries.all(read.scopeMaps, { registry })).map(scopeMapRow),
    async listTokens(registry) {
      const rows = await queries.all(read.tokens, { registry });
      return rows.map((row) => ({
        id: row.id,
        name: row.name,
        enabled: row.enabled === 1,
        scopeMap: row.scope_map ?? '',
        createdAt: row.created_at,
      }));
    },
  };
}

const principalTypes: readonly string[] = [
  'service-principal',
  'user',
  'group',
  'managed-identity',
] satisfies DirectoryPrincipalType[];

/** A kind that this program does not know is nobody: an older program must not take it for something else. */
function principalRow(row: DirectoryPrincipalTable | undefined): DirectoryPrincipalRow | undefined {
  if (row === undefined || !principalTypes.includes(row.kind)) return undefined;
  return {
    id: row.id,
    tenant: row.tenant,
    kind: row.kind as DirectoryPrincipalType,
    name: row.name,
    appId: row.app_id ?? undefined,
    enabled: row.enabled === 1,
    createdAt: row.created_at,
  };
}

/** A binding that names no caller lets nobody in. */
function bindingRow(row: IdentityBindingTable): IdentityBindingRow[] {
  const { id, identity, network, verifier_version: verifierVersion, verifier } = row;
  const common = { id, identity, systemAssigned: row.system_assigned === 1, createdAt: row.created_at };
  if (network !== null) return [{ ...common, caller: { kind: 'address', network } }];
  if (verifierVersion === null || verifier === null) return [];
  return [{ ...common, caller: { kind: 'header', verifierVersion, verifier } }];
}

/** An assignment whose scope this program does not understand gives nothing. */
function assignmentRow(row: RoleAssignmentTable): RoleAssignmentRow[] {
  const scope = readScope(row.scope_kind, row.scope);
  if (scope === undefined) return [];
  const { id, principal, role, created_at: createdAt, condition: text, condition_version: version } = row;
  // A condition without a version is none that this program wrote: it must not be left out.
  const condition = text === null ? undefined : { text, version: version ?? '' };
  return [{ id, principal, role, scope, createdAt, ...(condition === undefined ? {} : { condition }) }];
}

function roleDefinitionRow(row: RoleDefinitionTable): RoleDefinitionRow {
  const { assignableScopes, ...permissions } = JSON.parse(row.definition) as Permissions & {
    readonly assignableScopes: readonly string[];
  };
  const { name, description, created_at: createdAt } = row;
  return { id: toGuid(row.id), name, description, permissions, assignableScopes, createdAt };
}

/** One whose scope this program does not understand is not trusted. */
function trustedIssuerRow(row: TrustedIssuerTable): TrustedIssuerRow[] {
  const scope = readScope(row.scope_kind, row.scope);
  if (scope === undefined) return [];
  return [
    {
      id: row.id,
      tenant: row.tenant,
      name: row.name,
      issuer: row.issuer,
      audience: row.audience,
      subject: row.subject,
      role: row.role,
      scope,
      claims: JSON.parse(row.claims) as TrustedIssuerRow['claims'],
      keys: row.keys ?? undefined,
      jwksUri: row.jwks_uri ?? undefined,
      ca: row.ca ?? undefined,
      enabled: row.enabled === 1,
      createdAt: row.created_at,
    },
  ];
}

function outsidePrincipalRow(row: OutsidePrincipalTable | undefined): OutsidePrincipalRow | undefined {
  if (row === undefined) return undefined;
  return { id: row.id, trustedIssuer: row.trusted_issuer, subject: row.subject };
}

function readScope(kind: string, scope: string): AssignmentScope | undefined {
  switch (kind) {
    case 'registry':
      return { kind, registry: scope };
    case 'subscription':
      return { kind, subscription: scope };
    case 'resource-group': {
      const slash = scope.indexOf('/');
      return { kind, subscription: scope.slice(0, slash), resourceGroup: scope.slice(slash + 1) };
    }
    default:
      return undefined;
  }
}

function scopeMapRow(row: ScopeMapTable): ScopeMapRow {
  return {
    name: row.name,
    description: row.description,
    actions: JSON.parse(row.actions) as string[],
    createdAt: row.created_at,
  };
}
