import type { Action } from './action.ts';
import { roleById } from './built-in-roles.ts';
import { allowsAction, allowsDataAction } from './permissions.ts';
import { covers, type RegistryPlace, type RoleAssignment } from './role-assignment.ts';

/**
 * How a registry reads roles: by their actions and data actions over the whole registry, or by data actions alone,
 * where AcrPull, AcrPush, AcrDelete, Owner, Contributor and Reader say nothing about content.
 */
export type RoleAssignmentMode = 'LegacyRegistryPermissions' | 'AbacRepositoryPermissions';

interface Needed {
  /** Each list is a way: one of them must be granted whole. */
  readonly actions: readonly (readonly string[])[];
  readonly dataActions: readonly string[];
}

const R = 'Microsoft.ContainerRegistry/registries/';

/** What each action needs of a role. */
const needed: Readonly<Record<Action, Needed>> = {
  pull: { actions: [[`${R}pull/read`]], dataActions: [`${R}repositories/content/read`] },
  push: {
    actions: [[`${R}pull/read`, `${R}push/write`]],
    dataActions: [`${R}repositories/content/read`, `${R}repositories/content/write`],
  },
  delete: { actions: [[`${R}artifacts/delete`]], dataActions: [`${R}repositories/content/delete`] },
  // Whoever pulls also lists tags: image updaters do it with AcrPull.
  metadata_read: {
    actions: [[`${R}pull/read`], [`${R}metadata/read`]],
    dataActions: [`${R}repositories/metadata/read`],
  },
  metadata_write: {
    actions: [[`${R}metadata/write`]],
    dataActions: [`${R}repositories/metadata/write`],
  },
  catalog: { actions: [[`${R}pull/read`]], dataActions: [`${R}catalog/read`] },
};

const actions = Object.keys(needed) as Action[];

/** The rights of a principal on a registry, each with the name of the role that gives it. */
export type RoleRights = ReadonlyMap<Action, string>;

type ByMode = Partial<Record<RoleAssignmentMode, RoleRights>>;
const remembered = new WeakMap<readonly RoleAssignment[], WeakMap<RegistryPlace, ByMode>>();

/**
 * What these assignments allow on a registry. Found out once for each list of assignments, place and mode: both belong
 * to rows that are remembered while the rights epoch stands, and a pull must not pay for it.
 */
export function roleRights(
  assignments: readonly RoleAssignment[],
  place: RegistryPlace,
  mode: RoleAssignmentMode,
): RoleRights {
  const places = remembered.get(assignments) ?? new WeakMap<RegistryPlace, ByMode>();
  const modes = places.get(place) ?? {};
  const known = modes[mode];
  if (known !== undefined) return known;
  const rights = rightsOf(assignments, place, mode);
  remembered.set(assignments, places.set(place, { ...modes, [mode]: rights }));
  return rights;
}

function rightsOf(
  assignments: readonly RoleAssignment[],
  place: RegistryPlace,
  mode: RoleAssignmentMode,
): RoleRights {
  const rights = new Map<Action, string>();
  for (const assignment of assignments) {
    if (!covers(assignment.scope, place)) continue;
    const role = roleById(assignment.role);
    if (role === undefined) continue;
    for (const action of actions) {
      if (!rights.has(action) && allows(assignment.role, action, mode)) rights.set(action, role.name);
    }
  }
  return rights;
}

function allows(roleId: string, action: Action, mode: RoleAssignmentMode): boolean {
  const permissions = roleById(roleId)?.permissions;
  if (permissions === undefined) return false;
  if (needed[action].dataActions.every((wanted) => allowsDataAction(permissions, wanted))) return true;
  if (mode === 'AbacRepositoryPermissions') return false;
  return needed[action].actions.some((way) => way.every((wanted) => allowsAction(permissions, wanted)));
}
