/**
 * The one access decision: pure, over principals, actions and resources, always with its reason.
 *
 * Terminology. A *principal* is who asks, with an id that never changes. A *bound* is what a token's claims allow at
 * the most; the decision is made afresh at each request from what the principal may do now. Roles, repository-scoped
 * tokens and other kinds of identity join `rightsOf`.
 *
 * Invariants. A bound never adds a right. Credentials of one registry are worth nothing in another. What is not
 * allowed by a line here is denied.
 */
export type Action = 'pull' | 'push' | 'delete' | 'metadata_read' | 'metadata_write' | 'catalog';

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
    };

/** One entry of a token's `access` claim. */
export interface AccessClaim {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
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
}

export interface Decision {
  readonly allowed: boolean;
  readonly reason: string;
}

/** Whether credentials of this principal are worth anything at all: what a login asks. */
export function mayLogIn(principal: Principal, settings: AccessSettings): Decision {
  const rights = rightsOf(principal, settings);
  return { allowed: rights.actions.length > 0, reason: rights.reason };
}

/** Decides whether this caller may do this to that. */
export function authorise(
  { caller, action, resource }: { caller: Caller; action: Action; resource: Resource },
  settings: AccessSettings,
): Decision {
  if (caller.principal.registry !== resource.registry)
    return deny('the credentials belong to another registry');
  const rights = rightsOf(caller.principal, settings);
  if (!rights.actions.includes(action)) return deny(rights.reason);
  if ((action === 'catalog') !== (resource.type === 'registry'))
    return deny('this action does not fit this resource');
  if (caller.bound !== undefined && !covers(caller.bound, action, resource)) {
    return deny('the token was not issued for this action on this resource');
  }
  return { allowed: true, reason: rights.reason };
}

/** What the principal may do today, token or no token. */
function rightsOf(
  principal: Principal,
  settings: AccessSettings,
): { actions: readonly Action[]; reason: string } {
  switch (principal.kind) {
    case 'admin':
      if (!principal.enabled) return { actions: [], reason: 'the admin user does not exist any more' };
      if (!settings.adminUserEnabled)
        return { actions: [], reason: 'the admin user is disabled in this registry' };
      return { actions: adminActions, reason: 'the admin user may do everything with the content' };
    case 'anonymous':
      return settings.anonymousPull
        ? { actions: anonymousActions, reason: 'anonymous pull is on in this registry' }
        : { actions: [], reason: 'anonymous pull is off in this registry' };
  }
}

/** ACR gives anonymous callers the pull and list scopes of the whole registry. */
const anonymousActions: readonly Action[] = ['pull', 'metadata_read', 'catalog'];
const adminActions: readonly Action[] = [
  'pull',
  'push',
  'delete',
  'metadata_read',
  'metadata_write',
  'catalog',
];

function covers(bound: readonly AccessClaim[], action: Action, resource: Resource): boolean {
  return bound.some((claim) => {
    if (resource.type === 'registry')
      return claim.type === 'registry' && claim.name === 'catalog' && claim.actions.includes('*');
    if (claim.type !== 'repository' || claim.name !== resource.name) return false;
    // Whoever may pull may also list tags: crane and skopeo ask for `pull` to do it, az for `metadata_read`.
    return claim.actions.includes(action) || (action === 'metadata_read' && claim.actions.includes('pull'));
  });
}

const deny = (reason: string): Decision => ({ allowed: false, reason });
