/**
 * Scope maps: what repository-scoped tokens may do, in ACR's action strings, such as
 * `repositories/team/app/content/read`. The repository is a name, `*` for all, or a prefix that ends in `/*`.
 */
import type { RepositoryAction } from './action.ts';

/** A right on repositories, as one action string says it. */
interface RepositoryRight {
  readonly repository: string;
  readonly verb: RepositoryVerb;
}

type RepositoryVerb =
  | 'content/read'
  | 'content/write'
  | 'content/delete'
  | 'metadata/read'
  | 'metadata/write';

const repositoryAction = /^repositories\/(.+)\/(content\/(?:read|write|delete)|metadata\/(?:read|write))$/;
/** For connected registries: kept, and of no meaning for content. */
const gatewayAction = /^gateway\/[a-zA-Z0-9-]+\/(?:config|message)\/(?:read|write)$/;
const namePart = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const repositoryPattern = new RegExp(`^(?:\\*|${namePart}(?:/${namePart})*(?:/\\*)?)$`);

/** What each action on a repository needs of a scope map: a push needs both, as ACR's documentation has it. */
const needed: Readonly<Record<RepositoryAction, readonly RepositoryVerb[]>> = {
  pull: ['content/read'],
  push: ['content/read', 'content/write'],
  delete: ['content/delete'],
  metadata_read: ['metadata/read'],
  metadata_write: ['metadata/write'],
};

/** What is wrong with an action string, or undefined. */
export function flawInScopeAction(action: string): string | undefined {
  if (gatewayAction.test(action)) return undefined;
  const [, repository] = repositoryAction.exec(action) ?? [];
  if (repository === undefined) {
    return `«${action}» is no action: write repositories/NAME/ and then content/read, content/write, content/delete, metadata/read or metadata/write.`;
  }
  if (repository.length <= 255 && repositoryPattern.test(repository)) return undefined;
  return `«${repository}» is neither a repository's name, nor * for all, nor a name with /* at its end.`;
}

/** Whether these actions allow this on a repository. Rights add up; there are none on the registry itself. */
export function scopeMapAllows(
  actions: readonly string[],
  action: RepositoryAction,
  repository: string,
): boolean {
  const rights = rightsIn(actions);
  return needed[action].every((verb) =>
    rights.some((right) => right.verb === verb && covers(right.repository, repository)),
  );
}

/** Whether these actions allow anything at all on some repository. */
export function scopeMapGrantsSomething(actions: readonly string[]): boolean {
  return rightsIn(actions).length > 0;
}

const parsed = new WeakMap<readonly string[], readonly RepositoryRight[]>();

/** Read once for each list: rows are remembered, and decided from at every request. */
function rightsIn(actions: readonly string[]): readonly RepositoryRight[] {
  const known = parsed.get(actions);
  if (known !== undefined) return known;
  const rights = actions.flatMap((action) => {
    const [, repository, verb] = repositoryAction.exec(action) ?? [];
    return repository === undefined ? [] : [{ repository, verb: verb as RepositoryVerb }];
  });
  parsed.set(actions, rights);
  return rights;
}

function covers(pattern: string, repository: string): boolean {
  if (pattern === '*' || pattern === repository) return true;
  return pattern.endsWith('/*') && repository.startsWith(pattern.slice(0, -1));
}

/** A scope map that every registry has and nobody can change. */
export interface SystemScopeMap {
  readonly name: string;
  readonly description: string;
  readonly actions: readonly string[];
}

const everywhere = (...verbs: readonly RepositoryVerb[]): string[] =>
  verbs.map((verb) => `repositories/*/${verb}`);

/** ACR's own, with its words. */
export const systemScopeMaps: readonly SystemScopeMap[] = [
  {
    name: '_repositories_admin',
    description: 'Can perform all read, write and delete operations on the registry',
    actions: everywhere('metadata/read', 'metadata/write', 'content/read', 'content/write', 'content/delete'),
  },
  {
    name: '_repositories_pull',
    description: 'Can pull any repository of the registry',
    actions: everywhere('content/read'),
  },
  {
    name: '_repositories_pull_metadata_read',
    description: 'Can perform all read operations on the registry',
    actions: everywhere('content/read', 'metadata/read'),
  },
  {
    name: '_repositories_push',
    description: 'Can push to any repository of the registry',
    actions: everywhere('content/read', 'content/write'),
  },
  {
    name: '_repositories_push_metadata_write',
    description: 'Can perform all read and write operations on the registry',
    actions: everywhere('metadata/read', 'metadata/write', 'content/read', 'content/write'),
  },
];

/** Names that begin like this are the system's. */
export const isSystemScopeMapName = (name: string): boolean => name.startsWith('_repositories_');
