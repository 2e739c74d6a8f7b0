import type { RoleDefinition } from './built-in-roles.ts';

/**
 * Where a role assignment holds: a registry, or everything in a resource group or a subscription.
 *
 * A registry is named by its id and not by its name: what was granted on a registry is gone with it, and does not
 * come back for another of the same name.
 */
export type AssignmentScope =
  | { readonly kind: 'registry'; readonly registry: string }
  | { readonly kind: 'resource-group'; readonly subscription: string; readonly resourceGroup: string }
  | { readonly kind: 'subscription'; readonly subscription: string };

/** A condition as it is kept: in Azure's syntax, of this version. */
export interface AssignmentCondition {
  readonly text: string;
  readonly version: string;
}

/** One role for one principal, or for a group that it is in. */
export interface RoleAssignment {
  readonly id: string;
  /** The GUID of a role. */
  readonly role: string;
  readonly scope: AssignmentScope;
  /** The role itself where it is a custom one; built-in roles are known by their GUID. */
  readonly custom?: RoleDefinition | undefined;
  /** What a request must fulfil for the role to be worth something. */
  readonly condition?: AssignmentCondition | undefined;
}

/** Where a registry stands in Azure's hierarchy. Undefined for one that was made before there were subscriptions. */
export interface RegistryPlace {
  readonly registry: string;
  readonly subscription: string | undefined;
  readonly resourceGroup: string | undefined;
}

/** Where the registry of this row stands. */
export const placeOf = ({
  id,
  subscription,
  resourceGroup,
}: { readonly id: string } & Partial<Omit<RegistryPlace, 'registry'>>): RegistryPlace => ({
  registry: id,
  subscription,
  resourceGroup,
});

/** Whether an assignment at this scope says something about that registry. */
export function covers(scope: AssignmentScope, place: RegistryPlace): boolean {
  if (scope.kind === 'registry') return scope.registry === place.registry;
  if (place.subscription === undefined || scope.subscription !== place.subscription) return false;
  if (scope.kind === 'subscription') return true;
  // Names of resource groups are compared without regard to case.
  return scope.resourceGroup.toLowerCase() === place.resourceGroup?.toLowerCase();
}
