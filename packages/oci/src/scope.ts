/**
 * One right that a client asks of the token endpoint: `repository:library/ubuntu:pull,push`. A type that is not
 * known is kept as it was sent, so that a decision can grant nothing for it.
 */
export interface Scope {
  readonly type: ScopeType;
  /** A repository's name (perhaps with a host in front, as sent), or `catalog`. */
  readonly name: string;
  /** At least one, none empty, none twice, in the order sent; case is kept. */
  readonly actions: readonly string[];
}

/** The known types, and any other text. */
export type ScopeType = 'repository' | 'registry' | (string & Record<never, never>);

/** How many scopes one token request may name. */
export interface ScopeLimits {
  readonly scopesMax: number;
}

/** Thrown by `parseScopes`. */
export class ScopeError extends Error {
  readonly code = 'too_many_scopes';
  override readonly name = 'ScopeError';
}

/**
 * Reads `scope` parameters, each of which may hold several scopes with spaces between. A scope without type,
 * name or action asks for nothing and is dropped; what is kept is never wider than what was sent. Throws
 * ScopeError when there are more than `scopesMax`, dropped ones included.
 */
export function parseScopes(values: readonly string[], limits: ScopeLimits): Scope[] {
  const texts = values.flatMap((value) => value.split(/\s+/)).filter((text) => text !== '');
  if (texts.length > limits.scopesMax) {
    throw new ScopeError(`${texts.length} scopes in one request; at most ${limits.scopesMax} are allowed.`);
  }
  return texts.map(parseScope).filter((scope) => scope !== undefined);
}

/** The text form that `parseScopes` reads. */
export function formatScope(scope: Scope): string {
  return `${scope.type}:${scope.name}:${scope.actions.join(',')}`;
}

/** A name may hold colons itself (`host:5000/app`), so the type ends at the first and the actions start at the last. */
function parseScope(text: string): Scope | undefined {
  const first = text.indexOf(':');
  const last = text.lastIndexOf(':');
  if (first < 0 || first === last) return undefined;
  // Docker's registries of old sent a class with the type: repository(plugin).
  const type = text.slice(0, first).replace(/\([^()]*\)$/, '');
  const name = text.slice(first + 1, last);
  const actions = [...new Set(text.slice(last + 1).split(','))].filter((action) => action !== '');
  return type === '' || name === '' || actions.length === 0 ? undefined : { type, name, actions };
}
