/** What a role may do, in Azure's own words: actions of the control plane and data actions, with `*` for anything. */
export interface Permissions {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly dataActions: readonly string[];
  readonly notDataActions: readonly string[];
}

/** Whether these permissions hold an action such as `Microsoft.ContainerRegistry/registries/pull/read`. */
export function allowsAction({ actions, notActions }: Permissions, action: string): boolean {
  return isAmong(actions, action) && !isAmong(notActions, action);
}

/** The same for a data action; `*` among the actions says nothing about data. */
export function allowsDataAction({ dataActions, notDataActions }: Permissions, dataAction: string): boolean {
  return isAmong(dataActions, dataAction) && !isAmong(notDataActions, dataAction);
}

const isAmong = (patterns: readonly string[], operation: string): boolean =>
  patterns.some((pattern) => matchesOperation(pattern, operation));

/** Azure compares operations without regard to case; a `*` stands for any text, with slashes in it. */
export function matchesOperation(pattern: string, operation: string): boolean {
  const wanted = operation.toLowerCase();
  const [first = '', ...rest] = pattern.toLowerCase().split('*');
  if (rest.length === 0) return wanted === first;
  if (!wanted.startsWith(first)) return false;
  const last = rest.pop() ?? '';
  let at = first.length;
  for (const part of rest) {
    const found = wanted.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return wanted.length - last.length >= at && wanted.endsWith(last);
}
