/**
 * The one access decision: pure, over principals, actions and resources, always with its reason.
 *
 * Terminology. A *principal* is who asks, with an id that never changes. A *bound* is what a token's claims allow at
 * the most; the decision is made afresh at each request from what the principal may do now. A principal of the
 * directory belongs to no registry: it comes here *as seen from* the registry that it knocks at, with all of its role
 * assignments.
 *
 * Invariants. A bound never adds a right. Credentials of one registry are worth nothing in another. What is not
 * allowed by a line here is denied.
 */
import { type Action, isRegistryAction, registryScopes, repositoryActions } from './action.ts';
import type { RegistryPlace, RoleAssignment } from './role-assignment.ts';
import {
  hasRights,
  type RoleAssignmentMode,
  type RoleRights,
  roleRights,
  rolesOf,
  rolesWhere,
} from './role-rights.ts';
import { scopeMapAllows, scopeMapGrantsSomething } from './scope-map.ts';

export type { Action, RepositoryAction } from './action.ts';

export type Resource =
  | { readonly type: 'registry'; readonly registry: string }
  | { readonly type: 'repository'; readonly registry: string; readonly name: string };

export type Principal =
  | { readonly kind: 'anonymous'; readonly id: string; readonly name: string; readonly registry: string }
  | {
      readonly kind: 'admin';
      readonly id: string;
      readonly name: string;
      readonly registry: string;
      readonly enabled: boolean;
    }
  /** A repository-scoped token of ACR: it belongs to one registry, and may do what its scope map says. */
  | {
      readonly kind: 'token';
      readonly id: string;
      readonly name: string;
      readonly registry: string;
      readonly enabled: boolean;
      readonly scopeMap: { readonly name: string; readonly actions: readonly string[] };
    }
  | {
      readonly kind: 'directory';
      readonly type: DirectoryPrincipalType;
      readonly id: string;
      readonly name: string;
      /** The registry that it is seen from. */
      readonly registry: string;
      readonly place: RegistryPlace;
      readonly tenant: string;
      /** The client id, for those that have one. */
      readonly appId: string | undefined;
      readonly enabled: boolean;
      /** Its own and those of its groups, at whatever scope. */
      readonly assignments: readonly RoleAssignment[];
    }
  /** Whoever logged in with a token of a trusted issuer: it has that issuer's role, while the issuer is enabled. */
  | {
      readonly kind: 'outside';
      readonly id: string;
      /** The trusted issuer's name, a colon, and the subject. */
      readonly name: string;
      /** The registry that it is seen from. */
      readonly registry: string;
      readonly place: RegistryPlace;
      readonly tenant: string;
      /** Of the trusted issuer. */
      readonly enabled: boolean;
      readonly assignments: readonly RoleAssignment[];
    };

/** Who a role can be given to. */
export type DirectoryPrincipalType = 'service-principal' | 'user' | 'group' | 'managed-identity';

/** One entry of a token's `access` claim. */
export interface AccessClaim {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
  /** When the last repository of this name had been deleted, in milliseconds; left out where none was of late. */
  readonly since?: number;
}

/** Who asks, and how far the credentials that came along reach. */
export interface Caller {
  readonly principal: Principal;
  /** Upper bound from a token's claims; undefined for credentials that carry none (Basic). */
  readonly bound: readonly AccessClaim[] | undefined;
}

/** The switches of a registry that the decision reads. */
export interface AccessSettings {
  readonly anonymousPull: boolean;
  readonly adminUserEnabled: boolean;
  readonly roleAssignmentMode: RoleAssignmentMode;
}

export interface Decision {
  readonly allowed: boolean;
  readonly reason: string;
}

/** Whether credentials of this principal are worth anything at all: what a login asks. */
export function mayLogIn(principal: Principal, settings: AccessSettings): Decision {
  switch (principal.kind) {
    case 'admin':
    case 'anonymous': {
      const { actions, reason } = wholeRegistryRights(principal, settings);
      return { allowed: actions.length > 0, reason };
    }
    case 'token': {
      if (!principal.enabled) return deny(tokenDisabled);
      const { name, actions } = principal.scopeMap;
      return scopeMapGrantsSomething(actions)
        ? { allowed: true, reason: `the scope map ${name} allows it` }
        : deny(`the scope map ${name} allows nothing`);
    }
    case 'outside':
    case 'directory': {
      const refused = refusedPrincipal(principal);
      if (refused !== undefined) return deny(refused);
      const rights = roleRights(principal.assignments, principal.place, settings.roleAssignmentMode);
      return hasRights(rights)
        ? { allowed: true, reason: `it has the role ${namesIn(rights)[0]}` }
        : deny(noRole(principal, settings));
    }
  }
}

/** Decides whether this caller may do this to that. */
export function authorise(
  { caller, action, resource }: { caller: Caller; action: Action; resource: Resource },
  settings: AccessSettings,
): Decision {
  if (caller.principal.registry !== resource.registry)
    return deny('the credentials belong to another registry');
  if (isRegistryAction(action) !== (resource.type === 'registry'))
    return deny('this action does not fit this resource');
  const decision = decide(caller.principal, { action, resource }, settings);
  if (!decision.allowed) return decision;
  if (caller.bound !== undefined && !covers(caller.bound, action, resource)) {
    return deny('the token was not issued for this action on this resource');
  }
  return decision;
}

/** What the principal may do today, token or no token. */
function decide(
  principal: Principal,
  { action, resource }: { action: Action; resource: Resource },
  settings: AccessSettings,
): Decision {
  switch (principal.kind) {
    case 'admin':
    case 'anonymous': {
      const { actions, reason } = wholeRegistryRights(principal, settings);
      return { allowed: actions.includes(action), reason };
    }
    case 'token':
      return decideByScopeMap(principal, action, resource);
    case 'outside':
    case 'directory':
      return decideByRoles(principal, { action, resource }, settings);
  }
}

function wholeRegistryRights(
  principal: Extract<Principal, { kind: 'admin' | 'anonymous' }>,
  settings: AccessSettings,
): { actions: readonly Action[]; reason: string } {
  if (principal.kind === 'anonymous') {
    return settings.anonymousPull
      ? { actions: anonymousActions, reason: 'anonymous pull is on in this registry' }
      : { actions: [], reason: 'anonymous pull is off in this registry' };
  }
  if (!principal.enabled) return { actions: [], reason: 'the admin user does not exist any more' };
  if (!settings.adminUserEnabled)
    return { actions: [], reason: 'the admin user is disabled in this registry' };
  return { actions: adminActions, reason: 'the admin user may do everything with the content' };
}

function decideByScopeMap(
  { enabled, scopeMap }: Extract<Principal, { kind: 'token' }>,
  action: Action,
  resource: Resource,
): Decision {
  if (!enabled) return deny(tokenDisabled);
  if (resource.type !== 'repository')
    return deny('a token has rights on repositories alone, not on the registry');
  const allowed = !isRegistryAction(action) && scopeMapAllows(scopeMap.actions, action, resource.name);
  const says = allowed ? 'allows' : 'does not allow';
  return { allowed, reason: `the scope map ${scopeMap.name} ${says} it on this repository` };
}

type RolePrincipal = Extract<Principal, { kind: 'directory' | 'outside' }>;

function decideByRoles(
  principal: RolePrincipal,
  { action, resource }: { action: Action; resource: Resource },
  settings: AccessSettings,
): Decision {
  const refused = refusedPrincipal(principal);
  if (refused !== undefined) return deny(refused);
  const rights = roleRights(principal.assignments, principal.place, settings.roleAssignmentMode);
  const role = rights.everywhere.get(action);
  if (role !== undefined) return { allowed: true, reason: `the role ${role} allows it` };
  const ways = rights.conditional.get(action);
  if (ways !== undefined && resource.type === 'repository') {
    const roles = rolesWhere(ways, resource.name);
    return roles === undefined
      ? deny(`the role ${rolesOf(ways)} would allow it, but its condition does not hold for this repository`)
      : { allowed: true, reason: `the role ${roles} allows it, and its condition holds for this repository` };
  }
  return deny(
    hasRights(rights)
      ? `none of the roles ${namesIn(rights).join(', ')} allows it`
      : noRole(principal, settings),
  );
}

const namesIn = ({ everywhere, conditional }: RoleRights): string[] => [
  ...new Set([...everywhere.values(), ...[...conditional.values()].map(rolesOf)]),
];

function refusedPrincipal(principal: RolePrincipal): string | undefined {
  if (principal.kind === 'outside')
    return principal.enabled ? undefined : 'the trusted issuer of this caller is disabled';
  if (principal.type === 'group') return 'a group can not log in';
  return principal.enabled ? undefined : 'the principal is disabled';
}

function noRole({ assignments }: RolePrincipal, { roleAssignmentMode }: AccessSettings): string {
  if (assignments.length === 0) return 'the principal has no role assignment';
  return roleAssignmentMode === 'AbacRepositoryPermissions'
    ? 'no role of the principal has data actions on the content of this registry, which is what its role assignment mode asks for'
    : assignments.some(({ condition }) => condition !== undefined)
      ? 'no role assignment of the principal reaches the content of this registry: those with a condition give nothing in its role assignment mode'
      : 'no role assignment of the principal reaches the content of this registry; data actions give nothing in its role assignment mode';
}

const tokenDisabled = 'the token is disabled';

/** ACR gives anonymous callers the pull and list scopes of the whole registry. */
const anonymousActions: readonly Action[] = ['pull', 'metadata_read', 'catalog'];
const adminActions: readonly Action[] = [...repositoryActions, 'catalog', 'explain'];

function covers(bound: readonly AccessClaim[], action: Action, resource: Resource): boolean {
  return bound.some((claim) => {
    if (isRegistryAction(action)) {
      const scope = registryScopes[action];
      return claim.type === 'registry' && claim.name === scope.name && claim.actions.includes(scope.action);
    }
    if (resource.type === 'registry') return false;
    if (claim.type !== 'repository' || claim.name !== resource.name) return false;
    // Whoever may pull may also list tags: crane and skopeo ask for `pull` to do it, az for `metadata_read`.
    return claim.actions.includes(action) || (action === 'metadata_read' && claim.actions.includes('pull'));
  });
}

const deny = (reason: string): Decision => ({ allowed: false, reason });
