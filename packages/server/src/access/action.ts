/** What can be done with the content of a repository, as scopes of tokens name it. */
export const repositoryActions = ['pull', 'push', 'delete', 'metadata_read', 'metadata_write'] as const;

export type RepositoryAction = (typeof repositoryActions)[number];

/** What somebody may ask about: why may he, or may he not? */
export const explainedActions = [...repositoryActions, 'catalog'] as const;

/** What is of the registry itself: its list of repositories, and the answer to why somebody may, or may not. */
export type RegistryAction = 'catalog' | 'explain';

export type Action = RepositoryAction | RegistryAction;

/** What stands for an action on the registry in the claims of tokens and in scopes: `registry:catalog:*`. */
export const registryScopes: Readonly<
  Record<RegistryAction, { readonly name: string; readonly action: string }>
> = {
  catalog: { name: 'catalog', action: '*' },
  explain: { name: 'access', action: 'read' },
};

export function isRegistryAction(action: Action): action is RegistryAction {
  return action === 'catalog' || action === 'explain';
}
