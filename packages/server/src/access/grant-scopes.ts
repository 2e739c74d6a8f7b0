import { parseRepositoryName } from '@cerulean/oci/repository-name.ts';
import type { Scope } from '@cerulean/oci/scope.ts';
import { type RegistryAction, registryScopes, repositoryActions } from './action.ts';
import {
  type AccessClaim,
  type AccessSettings,
  type Action,
  authorise,
  type Caller,
  type Resource,
} from './authorise.ts';

const registryActions = ['catalog', 'explain'] as const satisfies RegistryAction[];

/**
 * The part of the asked scopes that the caller may have: what a token's `access` claim says. Never wider than what was
 * asked and never wider than the caller's rights; what he lacks is dropped without a word, as ACR does
 * (`GET /oauth2/token`). `*` asks for every action on a repository. Scopes of one resource become one claim.
 */
export function grantScopes(
  caller: Caller,
  asked: readonly Scope[],
  settings: AccessSettings,
): AccessClaim[] {
  const granted = new Map<string, Set<string>>();
  for (const scope of asked) {
    for (const action of grantedActions(caller, scope, settings)) {
      const key = `${scope.type}:${scope.name}`;
      const actions = granted.get(key) ?? new Set();
      granted.set(key, actions.add(action));
    }
  }
  return [...granted].map(([key, actions]) => {
    const colon = key.indexOf(':');
    return { type: key.slice(0, colon), name: key.slice(colon + 1), actions: [...actions] };
  });
}

function grantedActions(caller: Caller, scope: Scope, settings: AccessSettings): readonly string[] {
  const { registry } = caller.principal;
  const may = (action: Action, resource: Resource) =>
    authorise({ caller, action, resource }, settings).allowed;
  if (scope.type === 'registry') {
    return registryActions.flatMap((action) => {
      const { name, action: wanted } = registryScopes[action];
      const isAsked = scope.name === name && (scope.actions.includes(wanted) || scope.actions.includes('*'));
      return isAsked && may(action, { type: 'registry', registry }) ? [wanted] : [];
    });
  }
  if (scope.type !== 'repository') return [];
  // A name that no repository can have is granted to nobody, so no two readers of a name can differ about it.
  const name = parseRepositoryName(scope.name);
  if (name === undefined) return [];
  const all = scope.actions.includes('*');
  return repositoryActions.filter(
    (action) =>
      (all || scope.actions.includes(action)) && may(action, { type: 'repository', registry, name }),
  );
}
