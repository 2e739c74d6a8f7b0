import { nearestName } from '../nearest-name.ts';
import type { RoleDefinition } from './built-in-roles.ts';
import { allowsDataAction, matchesOperation, type Permissions } from './permissions.ts';
import { conditionalDataActions, controlOperations, dataOperations } from './provider-operations.ts';

/** A pattern longer than any operation is compared with none of them. */
const comparedCharsMax = 160;

/** What is wrong with the permissions of a custom role, or undefined. */
export function flawInPermissions({
  actions,
  notActions,
  dataActions,
  notDataActions,
}: Permissions): string | undefined {
  if (actions.length + dataActions.length === 0)
    return 'A role without actions and data actions allows nothing: name at least one.';
  for (const pattern of [...actions, ...notActions]) {
    const flaw = flawInPattern(pattern, controlOperations, { kind: 'action', other: dataOperations });
    if (flaw !== undefined) return flaw;
  }
  for (const pattern of [...dataActions, ...notDataActions]) {
    const flaw = flawInPattern(pattern, dataOperations, { kind: 'data action', other: controlOperations });
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}

function flawInPattern(
  pattern: string,
  operations: readonly string[],
  { kind, other }: { readonly kind: string; readonly other: readonly string[] },
): string | undefined {
  if (operations.some((operation) => matchesOperation(pattern, operation))) return undefined;
  const shown = pattern.slice(0, comparedCharsMax);
  if (other.some((operation) => matchesOperation(pattern, operation)))
    return `«${shown}» is no ${kind}: it belongs to the ${kind === 'action' ? 'data actions' : 'actions'}.`;
  const near = pattern.length > comparedCharsMax ? undefined : nearestName(pattern, operations);
  const hint = near === undefined ? 'See docs/identity.md for what there is.' : `Do you mean ${near}?`;
  return `No ${kind} of a registry is called «${shown}». ${hint}`;
}

/**
 * Why assignments of this role can have no condition, or undefined. A condition asks for the repository's name, so the
 * role must have data actions on repositories, and none that is asked for without a name.
 */
export function flawInConditionalRole({ name, permissions }: RoleDefinition): string | undefined {
  const has = (operation: string): boolean => allowsDataAction(permissions, operation);
  const others = dataOperations.filter((operation) => !conditionalDataActions.includes(operation));
  const nameless = others.find(has);
  if (nameless !== undefined)
    return `The role ${name} takes no condition: its data action ${nameless} is not on one repository.`;
  if (conditionalDataActions.some(has)) return undefined;
  return `The role ${name} takes no condition: it has no data action on repositories. Those that do: Container Registry Repository Reader, Writer and Contributor, and custom roles like them.`;
}
