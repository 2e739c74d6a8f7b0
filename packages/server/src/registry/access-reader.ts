/** What is read of the directory, of rights, and of tokens: a part of `MetadataReader`. */
import type { DirectoryPrincipalType } from '../access/authorise.ts';
import type { RoleDefinition } from '../access/built-in-roles.ts';
import type { RoleAssignment } from '../access/role-assignment.ts';
import type { NewIdentityBinding, NewUserPassword } from './access-commands.ts';

export interface TenantRow {
  readonly id: string;
  readonly name: string;
}

export interface SubscriptionRow extends TenantRow {
  readonly tenant: string;
}

export interface DirectoryPrincipalRow {
  readonly id: string;
  readonly tenant: string;
  readonly kind: DirectoryPrincipalType;
  readonly name: string;
  readonly appId: string | undefined;
  readonly enabled: boolean;
  readonly createdAt: number;
}

export interface SecretRow {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
  readonly hint: string;
  readonly verifierKind: 'hmac';
  readonly verifierVersion: number;
  readonly verifier: Uint8Array;
  readonly createdAt: number;
  /** Milliseconds; undefined for never. */
  readonly expiresAt: number | undefined;
}

export interface CertificateRow {
  readonly id: string;
  readonly name: string;
  readonly sha1: string;
  readonly sha256: string;
  readonly publicKey: Uint8Array;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface FederatedCredentialRow {
  readonly id: string;
  readonly name: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  /** A JWK set as JSON; undefined where it is fetched. */
  readonly keys: string | undefined;
  readonly jwksUri: string | undefined;
  readonly ca: string | undefined;
  readonly createdAt: number;
}

/** A custom role of a tenant. Its id is a GUID in lower case, as those of built-in roles are. */
export interface RoleDefinitionRow extends RoleDefinition {
  readonly description: string;
  /** As Azure writes them: `/subscriptions/…`. */
  readonly assignableScopes: readonly string[];
  readonly createdAt: number;
}

/** Who may have tokens of a managed identity. */
export interface IdentityBindingRow extends NewIdentityBinding {
  readonly createdAt: number;
}

/** The password of a user, as it was set. */
export type UserPasswordRow = NewUserPassword;

/** The role assignment that it stands for is `id`, `role` and `scope`. */
export interface TrustedIssuerRow extends RoleAssignment {
  readonly tenant: string;
  readonly name: string;
  readonly issuer: string;
  readonly audience: string;
  readonly subject: string;
  readonly claims: readonly { readonly name: string; readonly pattern: string }[];
  readonly keys: string | undefined;
  readonly jwksUri: string | undefined;
  readonly ca: string | undefined;
  readonly enabled: boolean;
  readonly createdAt: number;
}

/** Who logged in by a trusted issuer. */
export interface OutsidePrincipalRow {
  readonly id: string;
  readonly trustedIssuer: string;
  readonly subject: string;
}

export interface RoleAssignmentRow extends RoleAssignment {
  readonly principal: string;
  readonly createdAt: number;
}

export interface ScopeMapRow {
  readonly name: string;
  readonly description: string;
  readonly actions: readonly string[];
  readonly createdAt: number;
}

export interface TokenRow {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly scopeMap: string;
  readonly createdAt: number;
}

export interface AccessReader {
  /** Oldest first. */
  listTenants(): Promise<TenantRow[]>;
  listSubscriptions(): Promise<SubscriptionRow[]>;
  directoryPrincipal(id: string): Promise<DirectoryPrincipalRow | undefined>;
  /** `appId` is 32 hex digits, as all ids here. */
  directoryPrincipalByApp(appId: string): Promise<DirectoryPrincipalRow | undefined>;
  directoryPrincipalByName(tenant: string, name: string): Promise<DirectoryPrincipalRow | undefined>;
  userPassword(principal: string): Promise<UserPasswordRow | undefined>;
  listDirectoryPrincipals(tenant: string): Promise<DirectoryPrincipalRow[]>;
  /** The groups that this principal is directly in. */
  listGroupsOf(member: string): Promise<string[]>;
  listMembers(group: string): Promise<string[]>;
  listSecrets(owner: string): Promise<SecretRow[]>;
  listCertificates(owner: string): Promise<CertificateRow[]>;
  listFederatedCredentials(owner: string): Promise<FederatedCredentialRow[]>;
  /** All there are, oldest first. */
  listIdentityBindings(): Promise<IdentityBindingRow[]>;
  /** Oldest first. */
  listTrustedIssuers(): Promise<TrustedIssuerRow[]>;
  outsidePrincipal(id: string): Promise<OutsidePrincipalRow | undefined>;
  findOutsidePrincipal(trustedIssuer: string, subject: string): Promise<OutsidePrincipalRow | undefined>;
  listAssignmentsOf(principal: string): Promise<RoleAssignmentRow[]>;
  listAssignments(): Promise<RoleAssignmentRow[]>;
  /** A custom role by its GUID. */
  findRoleDefinition(id: string): Promise<RoleDefinitionRow | undefined>;
  /** Custom roles, by name. */
  listRoleDefinitions(tenant: string): Promise<RoleDefinitionRow[]>;
  /** When the last repository of this name was deleted, in milliseconds; 0 where none was of late. */
  repositoryDeletedAt(registry: string, name: string): Promise<number>;
  findScopeMap(registry: string, name: string): Promise<ScopeMapRow | undefined>;
  listScopeMaps(registry: string): Promise<ScopeMapRow[]>;
  listTokens(registry: string): Promise<TokenRow[]>;
}
