/** What is read of the directory, of rights, and of tokens: a part of `MetadataReader`. */
import type { DirectoryPrincipalType } from '../access/authorise.ts';
import type { RoleAssignment } from '../access/role-assignment.ts';

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
  listDirectoryPrincipals(tenant: string): Promise<DirectoryPrincipalRow[]>;
  /** The groups that this principal is directly in. */
  listGroupsOf(member: string): Promise<string[]>;
  listMembers(group: string): Promise<string[]>;
  listSecrets(owner: string): Promise<SecretRow[]>;
  listCertificates(owner: string): Promise<CertificateRow[]>;
  listFederatedCredentials(owner: string): Promise<FederatedCredentialRow[]>;
  /** Oldest first. */
  listTrustedIssuers(): Promise<TrustedIssuerRow[]>;
  outsidePrincipal(id: string): Promise<OutsidePrincipalRow | undefined>;
  findOutsidePrincipal(trustedIssuer: string, subject: string): Promise<OutsidePrincipalRow | undefined>;
  listAssignmentsOf(principal: string): Promise<RoleAssignmentRow[]>;
  listAssignments(): Promise<RoleAssignmentRow[]>;
  findScopeMap(registry: string, name: string): Promise<ScopeMapRow | undefined>;
  listScopeMaps(registry: string): Promise<ScopeMapRow[]>;
  listTokens(registry: string): Promise<TokenRow[]>;
}
