/** The operations on the directory, on rights and on tokens: a part of the table in `protocol.ts`. */
import { Type } from 'typebox';
import { explainedActions } from '../access/action.ts';

const exactly = { additionalProperties: false };
const Name = Type.String({ minLength: 1, maxLength: 256 });
const RegistryName = Type.String({ minLength: 1, maxLength: 100 });
/** Days until an expiry. */
const Days = Type.Integer({ minimum: 1, maximum: 36_500 });
const Principal = Type.Object({ principal: Name }, exactly);
const OfPrincipal = Type.Object({ principal: Name, id: Name }, exactly);
const InRegistry = Type.Object({ registry: RegistryName }, exactly);
const NamedInRegistry = Type.Object({ registry: RegistryName, name: Name }, exactly);
/** Where an issuer's keys come from: a JWK set as JSON, or an address; neither: from what the issuer says itself. */
const keysOfIssuer = {
  keys: Type.Optional(Type.String({ maxLength: 12_000 })),
  jwksUri: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
  /** PEM. */
  ca: Type.Optional(Type.String({ maxLength: 24_000 })),
};
const Membership = Type.Object({ group: Name, member: Name }, exactly);
const ScopeMapInput = Type.Object(
  {
    registry: RegistryName,
    name: Name,
    description: Type.Optional(Type.String({ maxLength: 256 })),
    actions: Type.Array(Type.String({ maxLength: 512 }), { minItems: 1, maxItems: 500 }),
  },
  exactly,
);

const Patterns = Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 512 }), { maxItems: 500 }));
const RoleInput = Type.Object(
  {
    name: Name,
    description: Type.Optional(Type.String({ maxLength: 1024 })),
    actions: Patterns,
    notActions: Patterns,
    dataActions: Patterns,
    notDataActions: Patterns,
    assignableScopes: Patterns,
  },
  exactly,
);

/** A principal is named by its name, its object id or its client id. */
export const accessInputs = {
  'directory.show': Type.Object({}, exactly),
  'principal.list': Type.Object({}, exactly),
  'principal.show': Principal,
  'principal.create': Type.Object(
    { name: Name, type: Type.Enum(['service-principal', 'user', 'group', 'managed-identity']) },
    exactly,
  ),
  'principal.set': Type.Object({ principal: Name, enabled: Type.Boolean() }, exactly),
  'principal.delete': Principal,
  'group.add': Membership,
  'group.remove': Membership,
  'secret.list': Principal,
  'secret.show': OfPrincipal,
  'secret.create': Type.Object({ principal: Name, name: Name, days: Days }, exactly),
  'secret.delete': OfPrincipal,
  'certificate.list': Principal,
  'certificate.create': Type.Object(
    { principal: Name, name: Name, pem: Type.String({ maxLength: 12_000 }) },
    exactly,
  ),
  'certificate.delete': OfPrincipal,
  'federated-credential.list': Principal,
  'federated-credential.create': Type.Object(
    {
      principal: Name,
      name: Name,
      issuer: Type.String({ minLength: 1, maxLength: 512 }),
      subject: Type.String({ minLength: 1, maxLength: 512 }),
      audience: Type.String({ minLength: 1, maxLength: 512 }),
      ...keysOfIssuer,
    },
    exactly,
  ),
  'federated-credential.delete': OfPrincipal,
  'identity-binding.list': Type.Object({ identity: Type.Optional(Name) }, exactly),
  'identity-binding.show': Type.Object({ id: Name }, exactly),
  /** Without an address the caller is whoever knows a secret, which the answer shows. */
  'identity-binding.create': Type.Object(
    { identity: Name, address: Type.Optional(Name), systemAssigned: Type.Boolean() },
    exactly,
  ),
  'identity-binding.delete': Type.Object({ id: Name }, exactly),
  /** Without a password one is made, which the answer shows. */
  'password.set': Type.Object(
    { user: Name, password: Type.Optional(Type.String({ maxLength: 512 })) },
    exactly,
  ),
  'password.delete': Type.Object({ user: Name }, exactly),
  'trusted-issuer.list': Type.Object({}, exactly),
  'trusted-issuer.show': Type.Object({ name: Name }, exactly),
  'trusted-issuer.create': Type.Object(
    {
      name: Name,
      issuer: Type.String({ minLength: 1, maxLength: 512 }),
      audience: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
      foreignAudience: Type.Optional(Type.Boolean()),
      registry: Type.Optional(RegistryName),
      subject: Type.String({ minLength: 1, maxLength: 512 }),
      claims: Type.Optional(
        Type.Array(
          Type.Object(
            {
              name: Type.String({ minLength: 1, maxLength: 256 }),
              pattern: Type.String({ minLength: 1, maxLength: 512 }),
            },
            exactly,
          ),
          { maxItems: 20 },
        ),
      ),
      role: Name,
      ...keysOfIssuer,
    },
    exactly,
  ),
  'trusted-issuer.set': Type.Object({ name: Name, enabled: Type.Boolean() }, exactly),
  'trusted-issuer.delete': Type.Object({ name: Name }, exactly),
  'role.list': Type.Object({}, exactly),
  'role.show': Type.Object({ role: Name }, exactly),
  'role.create': RoleInput,
  'role.update': RoleInput,
  'role.delete': Type.Object({ role: Name }, exactly),
  'role-assignment.list': Type.Object({}, exactly),
  'role-assignment.show': Type.Object({ id: Name }, exactly),
  /** At exactly one of the three scopes. */
  'role-assignment.create': Type.Object(
    {
      principal: Name,
      role: Name,
      registry: Type.Optional(RegistryName),
      resourceGroup: Type.Optional(Type.String({ minLength: 1, maxLength: 90 })),
      subscription: Type.Optional(Type.Literal(true)),
      /** In Azure's syntax. Longer than is allowed, so that the refusal says what is. */
      condition: Type.Optional(Type.String({ minLength: 1, maxLength: 12_000 })),
      conditionVersion: Type.Optional(Type.String({ maxLength: 16 })),
    },
    exactly,
  ),
  'role-assignment.delete': Type.Object({ id: Name }, exactly),
  'scope-map.list': InRegistry,
  'scope-map.show': NamedInRegistry,
  'scope-map.create': ScopeMapInput,
  'scope-map.set': ScopeMapInput,
  'scope-map.delete': NamedInRegistry,
  'token.list': InRegistry,
  'token.show': NamedInRegistry,
  'token.create': Type.Object(
    { registry: RegistryName, name: Name, scopeMap: Name, days: Type.Optional(Days) },
    exactly,
  ),
  'token.set': Type.Object(
    {
      registry: RegistryName,
      name: Name,
      enabled: Type.Optional(Type.Boolean()),
      scopeMap: Type.Optional(Name),
    },
    exactly,
  ),
  'token.renew': Type.Object(
    {
      registry: RegistryName,
      name: Name,
      password: Type.Enum(['password1', 'password2']),
      days: Type.Optional(Days),
    },
    exactly,
  ),
  'token.delete': NamedInRegistry,
  'access.explain': Type.Object(
    {
      registry: RegistryName,
      /** A principal, a token, the admin user, TRUSTED-ISSUER:SUBJECT, or `anonymous`. */
      principal: Type.String({ minLength: 1, maxLength: 600 }),
      action: Type.Enum([...explainedActions]),
      repository: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
    },
    exactly,
  ),
} as const;

export interface OperatorDirectory {
  readonly tenantId: string;
  readonly tenantName: string;
  readonly subscriptionId: string;
}

export interface OperatorPrincipal {
  readonly name: string;
  readonly type: string;
  readonly objectId: string;
  readonly clientId: string | null;
  readonly tenantId: string;
  readonly enabled: boolean;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** Names of the groups that it is directly in. */
  readonly groups: readonly string[];
}

export interface OperatorSecret {
  readonly id: string;
  readonly principal: string;
  readonly name: string;
  readonly hint: string;
  readonly createdAt: string;
  readonly expiresAt: string | null;
}

/** The only time that a secret is shown. */
export interface OperatorNewSecret extends OperatorSecret {
  readonly clientId: string | null;
  readonly tenantId: string;
  readonly value: string;
}

export interface OperatorCertificate {
  readonly id: string;
  readonly principal: string;
  readonly name: string;
  readonly thumbprint: string;
  readonly createdAt: string;
  readonly expiresAt: string;
}

export interface OperatorFederatedCredential {
  readonly id: string;
  readonly principal: string;
  readonly name: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  readonly keys: 'fetched' | 'given';
  readonly createdAt: string;
}

export interface OperatorTrustedIssuer {
  readonly name: string;
  readonly issuer: string;
  readonly audience: string;
  /** null: all registries. */
  readonly registry: string | null;
  readonly subject: string;
  readonly claims: readonly { readonly name: string; readonly pattern: string }[];
  readonly role: string;
  readonly keys: 'fetched' | 'given';
  readonly jwksUri: string | null;
  readonly enabled: boolean;
  readonly createdAt: string;
}

/** Without an address the caller is known by a secret. */
export interface OperatorIdentityBinding {
  readonly id: string;
  readonly identity: string;
  readonly clientId: string | null;
  readonly systemAssigned: boolean;
  readonly address: string | null;
  readonly createdAt: string;
}

/** The only time that a binding's secret is shown. */
export interface OperatorNewIdentityBinding extends OperatorIdentityBinding {
  readonly value?: string;
}

export interface OperatorPassword {
  readonly user: string;
  /** Only of one that was just made. */
  readonly value?: string;
}

export interface OperatorRole {
  readonly id: string;
  readonly name: string;
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly dataActions: readonly string[];
  readonly notDataActions: readonly string[];
  readonly isCustom: boolean;
  readonly description: string;
  /** As Azure writes them: `/subscriptions/…`; `/` for built-in roles. */
  readonly assignableScopes: readonly string[];
}

export interface OperatorRoleAssignment {
  readonly id: string;
  readonly principal: string;
  readonly principalId: string;
  readonly role: string;
  readonly roleId: string;
  /** As Azure writes it: `/subscriptions/…`. */
  readonly scope: string;
  /** Null for a role that is worth something everywhere in its scope. */
  readonly condition: string | null;
  readonly conditionVersion: string | null;
  readonly createdAt: string;
}

export interface OperatorScopeMap {
  readonly registry: string;
  readonly name: string;
  readonly description: string;
  readonly isSystem: boolean;
  readonly actions: readonly string[];
}

export interface OperatorTokenPassword {
  readonly name: string;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  /** Only when it was just made. */
  readonly value?: string;
}

export interface OperatorToken {
  readonly registry: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly scopeMap: string;
  readonly createdAt: string;
  readonly passwords: readonly OperatorTokenPassword[];
}

export interface OperatorDecision {
  readonly allowed: boolean;
  readonly reason: string;
}

interface Deleted {
  readonly deleted: true;
}

export interface AccessResults {
  'directory.show': OperatorDirectory;
  'principal.list': readonly OperatorPrincipal[];
  'principal.show': OperatorPrincipal;
  'principal.create': OperatorPrincipal;
  'principal.set': OperatorPrincipal;
  'principal.delete': Deleted;
  'group.add': OperatorPrincipal;
  'group.remove': OperatorPrincipal;
  'secret.list': readonly OperatorSecret[];
  'secret.show': OperatorSecret;
  'secret.create': OperatorNewSecret;
  'secret.delete': Deleted;
  'certificate.list': readonly OperatorCertificate[];
  'certificate.create': OperatorCertificate;
  'certificate.delete': Deleted;
  'federated-credential.list': readonly OperatorFederatedCredential[];
  'federated-credential.create': OperatorFederatedCredential;
  'federated-credential.delete': Deleted;
  'identity-binding.list': readonly OperatorIdentityBinding[];
  'identity-binding.show': OperatorIdentityBinding;
  'identity-binding.create': OperatorNewIdentityBinding;
  'identity-binding.delete': Deleted;
  'password.set': OperatorPassword;
  'password.delete': Deleted;
  'trusted-issuer.list': readonly OperatorTrustedIssuer[];
  'trusted-issuer.show': OperatorTrustedIssuer;
  'trusted-issuer.create': OperatorTrustedIssuer;
  'trusted-issuer.set': OperatorTrustedIssuer;
  'trusted-issuer.delete': Deleted;
  'role.list': readonly OperatorRole[];
  'role.show': OperatorRole;
  'role.create': OperatorRole;
  'role.update': OperatorRole;
  'role.delete': Deleted;
  'role-assignment.list': readonly OperatorRoleAssignment[];
  'role-assignment.show': OperatorRoleAssignment;
  'role-assignment.create': OperatorRoleAssignment;
  'role-assignment.delete': Deleted;
  'scope-map.list': readonly OperatorScopeMap[];
  'scope-map.show': OperatorScopeMap;
  'scope-map.create': OperatorScopeMap;
  'scope-map.set': OperatorScopeMap;
  'scope-map.delete': Deleted;
  'token.list': readonly OperatorToken[];
  'token.show': OperatorToken;
  'token.create': OperatorToken;
  'token.set': OperatorToken;
  'token.renew': OperatorToken;
  'token.delete': Deleted;
  'access.explain': OperatorDecision;
}
