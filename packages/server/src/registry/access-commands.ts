/** The writes of the directory, of rights, and of tokens: a part of `Commands`. All of them move the rights epoch. */
import type { DirectoryPrincipalType } from '../access/authorise.ts';
import type { Permissions } from '../access/permissions.ts';
import type { AssignmentCondition, AssignmentScope } from '../access/role-assignment.ts';

/** The resource group that registries begin in. */
export const defaultResourceGroup = 'cerulean';

/** A secret that is shown once: the row keeps what it takes to check it. */
export interface NewSecret {
  readonly id: string;
  /** A principal of the directory, or a token. */
  readonly owner: string;
  readonly name: string;
  /** The first characters, by which a person tells secrets apart. */
  readonly hint: string;
  readonly verifierVersion: number;
  readonly verifier: Uint8Array;
  /** Milliseconds; null for never. */
  readonly expiresAt: number | null;
}

export interface NewFederatedCredential {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  /** A JWK set as JSON that the operator gave; empty for keys that are fetched. */
  readonly keys: string;
  readonly jwksUri: string | null;
  readonly ca: string | null;
}

/** An outside issuer, whom it is trusted about, and the role that it yields. */
export interface NewTrustedIssuer {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly issuer: string;
  readonly audience: string;
  /** A pattern of `sub`, in which `*` stands for anything. */
  readonly subject: string;
  readonly claims: readonly { readonly name: string; readonly pattern: string }[];
  /** The GUID of a role. */
  readonly role: string;
  readonly scope: AssignmentScope;
  /** A JWK set as JSON; null for keys that are fetched. */
  readonly keys: string | null;
  readonly jwksUri: string | null;
  /** PEM: what is believed in the place of the system's authorities. */
  readonly ca: string | null;
}

export interface NewCertificate {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
  /** Thumbprints of the certificate, in lower-case hex. */
  readonly sha1: string;
  readonly sha256: string;
  /** SPKI in DER. */
  readonly publicKey: Uint8Array;
  readonly expiresAt: number;
}

export interface NewRoleDefinition {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly description: string;
  readonly permissions: Permissions;
  /** As Azure writes them: `/subscriptions/…`. */
  readonly assignableScopes: readonly string[];
}

/** A caller that may have tokens of a managed identity: known by its network, or by a secret that was shown once. */
export interface NewIdentityBinding {
  readonly id: string;
  /** A principal of the type `managed-identity`. */
  readonly identity: string;
  /** Whether it is the identity of whoever asks for none by name. */
  readonly systemAssigned: boolean;
  readonly caller:
    | { readonly kind: 'address'; readonly network: string }
    | {
        readonly kind: 'header';
        readonly verifierVersion: number;
        readonly verifier: Uint8Array;
      };
}

/** A password that a user logs in with. */
export interface NewUserPassword {
  readonly id: string;
  readonly verifierKind: 'hmac' | 'scrypt';
  readonly verifierVersion: number;
  readonly verifier: Uint8Array;
}

/** A sign-in, whose refresh tokens replace one another. Hashes are SHA-256 in lower-case hex. */
export interface NewRefreshFamily {
  readonly id: string;
  readonly principal: string;
  /** The password that was shown: one that was replaced meanwhile begins nothing. */
  readonly password: string;
  /** The client id that the tokens are for. */
  readonly client: string;
  readonly familyHash: string;
  readonly tokenHash: string;
  readonly expiresAt: number;
}

/**
 * What came of a refresh token: it was replaced, or its answer was lost and is given again, or it was used before and
 * its family is ended. `unknown` is all else, and changes nothing.
 */
export type RefreshOutcome =
  | { readonly outcome: 'rotated' | 'repeated' | 'reused'; readonly principal: string }
  | { readonly outcome: 'unknown' };

type Nothing = Record<string, never>;
/** `stream` is whose events tell of it: a registry's id, or the tenant's. */
interface InStream {
  readonly stream: string;
}

export interface AccessCommands {
  /** Makes the first tenant and subscription if there is none, and gives a place to registries that have none. */
  ensureDirectory: {
    input: {
      readonly tenant: string;
      readonly tenantName: string;
      readonly subscription: string;
      readonly subscriptionName: string;
    };
    output: { readonly created: boolean };
  };
  createPrincipal: {
    input: {
      readonly id: string;
      readonly tenant: string;
      readonly kind: DirectoryPrincipalType;
      readonly name: string;
      /** The client id; null for users and groups. */
      readonly appId: string | null;
    };
    output: Nothing;
  };
  enablePrincipal: { input: { readonly id: string; readonly enabled: boolean }; output: Nothing };
  /** Takes its secrets, assignments and memberships along. */
  deletePrincipal: { input: { readonly id: string }; output: Nothing };
  changeMembership: {
    input: { readonly group: string; readonly member: string; readonly isMember: boolean };
    output: Nothing;
  };
  /** One of the same name is replaced when `replaces`. */
  addSecret: {
    input: InStream & { readonly secret: NewSecret; readonly replaces: boolean };
    output: Nothing;
  };
  deleteSecret: { input: InStream & { readonly owner: string; readonly id: string }; output: Nothing };
  addCertificate: { input: InStream & { readonly certificate: NewCertificate }; output: Nothing };
  deleteCertificate: { input: InStream & { readonly owner: string; readonly id: string }; output: Nothing };
  addFederatedCredential: {
    input: InStream & { readonly credential: NewFederatedCredential };
    output: Nothing;
  };
  deleteFederatedCredential: {
    input: InStream & { readonly owner: string; readonly id: string };
    output: Nothing;
  };
  addIdentityBinding: {
    input: InStream & { readonly binding: NewIdentityBinding };
    output: Nothing;
  };
  deleteIdentityBinding: { input: InStream & { readonly id: string }; output: Nothing };
  /** Ends the sign-ins that began with the password before. */
  setUserPassword: {
    input: InStream & { readonly principal: string; readonly password: NewUserPassword };
    output: Nothing;
  };
  deleteUserPassword: { input: InStream & { readonly principal: string }; output: Nothing };
  beginRefreshFamily: { input: InStream & { readonly family: NewRefreshFamily }; output: Nothing };
  /** Puts the next token in the place of the one that is shown. */
  rotateRefreshToken: {
    input: InStream & {
      readonly client: string;
      readonly familyHash: string;
      readonly tokenHash: string;
      readonly nextHash: string;
      /** For so long after a rotation the token before may be shown again. */
      readonly graceMs: number;
    };
    output: RefreshOutcome;
  };
  /** Forgets sign-ins whose time is over. */
  expireRefreshFamilies: { input: { readonly limit: number }; output: { readonly expired: number } };
  addTrustedIssuer: { input: InStream & { readonly issuer: NewTrustedIssuer }; output: Nothing };
  enableTrustedIssuer: {
    input: InStream & { readonly id: string; readonly enabled: boolean };
    output: Nothing;
  };
  deleteTrustedIssuer: { input: InStream & { readonly id: string }; output: Nothing };
  /** The principal of a subject; `id` is used when there is none yet. */
  admitSubject: {
    input: InStream & { readonly id: string; readonly trustedIssuer: string; readonly subject: string };
    output: { readonly id: string };
  };
  addRoleAssignment: {
    input: InStream & {
      readonly id: string;
      readonly principal: string;
      readonly role: string;
      readonly scope: AssignmentScope;
      readonly condition?: AssignmentCondition | undefined;
    };
    output: Nothing;
  };
  deleteRoleAssignment: { input: InStream & { readonly id: string }; output: Nothing };
  /** Makes a custom role, or changes the one that is there when `replaces`. */
  putRoleDefinition: { input: NewRoleDefinition & { readonly replaces: boolean }; output: Nothing };
  deleteRoleDefinition: { input: { readonly id: string; readonly tenant: string }; output: Nothing };
  /** Makes a scope map, or changes the one that is there when `replaces`. */
  putScopeMap: {
    input: {
      readonly registry: string;
      readonly name: string;
      readonly description: string;
      readonly actions: readonly string[];
      readonly replaces: boolean;
    };
    output: Nothing;
  };
  deleteScopeMap: { input: { readonly registry: string; readonly name: string }; output: Nothing };
  createToken: {
    input: {
      readonly id: string;
      readonly registry: string;
      readonly name: string;
      readonly scopeMap: string;
      readonly secrets: readonly NewSecret[];
    };
    output: Nothing;
  };
  changeToken: {
    input: {
      readonly id: string;
      readonly registry: string;
      readonly enabled: boolean | null;
      readonly scopeMap: string | null;
    };
    output: Nothing;
  };
  deleteToken: { input: { readonly id: string; readonly registry: string }; output: Nothing };
}
