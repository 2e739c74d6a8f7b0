import { type Action, isRegistryAction } from './action.ts';
import { type RoleDefinition, roleById } from './built-in-roles.ts';
import { compileCondition, type NameCondition } from './conditions/compile-condition.ts';
import { readCondition } from './conditions/read-condition.ts';
import { allowsAction, allowsDataAction } from './permissions.ts';
import { conditionalDataActions } from './provider-operations.ts';
import { covers, type RegistryPlace, type RoleAssignment } from './role-assignment.ts';

/**
 * How a registry reads roles: by their actions over the whole registry, or by their data actions, where AcrPull,
 * AcrPush, AcrDelete, Owner, Contributor and Reader say nothing about content, and where assignments may have a
 * condition. Each mode has its own set of roles, as Azure's directory of them has it; a role for both has the one and
 * the other. In the first mode an assignment with a condition gives nothing: nobody looks at conditions there, and
 * without its condition it would give more than its author meant.
 */
export type RoleAssignmentMode = 'LegacyRegistryPermissions' | 'AbacRepositoryPermissions';

interface Needed {
  /** Each list is a way: all of one must be granted, by one role or by several. */
  readonly actions: readonly (readonly string[])[];
  readonly dataActions: readonly (readonly string[])[];
}

const R = 'Microsoft.ContainerRegistry/registries/';

/** What each action needs. */
const needed: Readonly<Record<Action, Needed>> = {
  pull: { actions: [[`${R}pull/read`]], dataActions: [[`${R}repositories/content/read`]] },
  push: {
    actions: [[`${R}pull/read`, `${R}push/write`]],
    dataActions: [[`${R}repositories/content/read`, `${R}repositories/content/write`]],
  },
  delete: { actions: [[`${R}artifacts/delete`]], dataActions: [[`${R}repositories/content/delete`]] },
  // Whoever pulls also lists tags: image updaters do it with AcrPull.
  metadata_read: {
    actions: [[`${R}pull/read`], [`${R}metadata/read`]],
    dataActions: [[`${R}repositories/metadata/read`]],
  },
  metadata_write: {
    actions: [[`${R}metadata/write`]],
    dataActions: [[`${R}repositories/metadata/write`]],
  },
  catalog: { actions: [[`${R}pull/read`]], dataActions: [[`${R}catalog/read`]] },
  // Whoever gives roles may see what they come to.
  explain: { actions: [[`${R}read`, 'Microsoft.Authorization/roleAssignments/write']], dataActions: [] },
};

const actions = Object.keys(needed) as Action[];

/** One operation of a role, on the repositories that its assignment's condition lets through. */
interface Grant {
  readonly role: string;
  readonly condition: NameCondition;
}

/** For each operation that a way needs, who grants it: one of each list must. */
type Way = readonly (readonly Grant[])[];

/** The rights of a principal on a registry. */
export interface RoleRights {
  /** What it may do everywhere, each with the names of the roles that give it. */
  readonly everywhere: ReadonlyMap<Action, string>;
  /** What it may do where conditions hold. */
  readonly conditional: ReadonlyMap<Action, readonly Way[]>;
}

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
  const rights = rightsOf(
    assignments.filter(({ scope }) => covers(scope, place)),
    mode,
  );
  remembered.set(assignments, places.set(place, { ...modes, [mode]: rights }));
  return rights;
}

/** The roles that let this be done to this repository, or undefined: their conditions do not hold there. */
export function rolesWhere(ways: readonly Way[], repository: string): string | undefined {
  for (const way of ways) {
    const roles = way.map(
      (grants) =>
        grants.find(({ condition }) => (typeof condition === 'boolean' ? condition : condition(repository)))
          ?.role,
    );
    if (!roles.includes(undefined)) return named(roles);
  }
  return undefined;
}

/** The roles that would let it be done where their conditions hold. */
export function rolesOf(ways: readonly Way[]): string {
  return named(ways.flat(2).flatMap(({ role, condition }) => (condition === true ? [] : [role])));
}

export function hasRights({ everywhere, conditional }: RoleRights): boolean {
  return everywhere.size + conditional.size > 0;
}

function rightsOf(assignments: readonly RoleAssignment[], mode: RoleAssignmentMode): RoleRights {
  const everywhere = new Map<Action, string>();
  const conditional = new Map<Action, readonly Way[]>();
  for (const action of actions) {
    const ways = waysTo(action, assignments, mode);
    const open = ways.find((way) =>
      way.every((grants) => grants.some(({ condition }) => condition === true)),
    );
    if (open !== undefined) everywhere.set(action, openRoles(open));
    else if (ways.length > 0 && !isRegistryAction(action)) conditional.set(action, ways);
  }
  return { everywhere, conditional };
}

function waysTo(action: Action, assignments: readonly RoleAssignment[], mode: RoleAssignmentMode): Way[] {
  const { dataActions, actions: controlActions } = needed[action];
  const byData =
    mode === 'AbacRepositoryPermissions'
      ? dataActions.map((way) => way.map((operation) => grantsOf(operation, assignments)))
      : [];
  // The registry itself is the control plane's in either mode.
  const honoursActions = mode === 'LegacyRegistryPermissions' || action === 'explain';
  const byActions = (honoursActions ? controlActions : []).map((way) =>
    way.map((operation) =>
      assignments.flatMap((assignment): Grant[] => {
        const role = roleOf(assignment);
        const grants = assignment.condition === undefined && role !== undefined;
        return grants && allowsAction(role.permissions, operation)
          ? [{ role: role.name, condition: true }]
          : [];
      }),
    ),
  );
  return [...byData, ...byActions].filter((way) => way.every((grants) => grants.length > 0));
}

function grantsOf(operation: string, assignments: readonly RoleAssignment[]): Grant[] {
  return assignments.flatMap((assignment) => {
    const role = roleOf(assignment);
    if (role === undefined || !allowsDataAction(role.permissions, operation)) return [];
    const condition = conditionFor(assignment, operation);
    return condition === false ? [] : [{ role: role.name, condition }];
  });
}

function conditionFor({ condition }: RoleAssignment, operation: string): NameCondition {
  if (condition === undefined) return true;
  if (!conditionalDataActions.includes(operation)) return false;
  const understood = readCondition(condition);
  return understood === undefined ? false : compileCondition(understood, operation);
}

const roleOf = ({ custom, role }: RoleAssignment): RoleDefinition | undefined => custom ?? roleById(role);

/** One role that grants all of it, or those that do it together. */
function openRoles(way: Way): string {
  const [first = [], ...rest] = way.map((grants) =>
    grants.flatMap(({ role, condition }) => (condition === true ? [role] : [])),
  );
  const alone = first.find((role) => rest.every((roles) => roles.includes(role)));
  return alone ?? named([first[0], ...rest.map(([role]) => role)]);
}

function named(roles: readonly (string | undefined)[]): string {
  return [...new Set(roles)].join(' and ');
}
