import { formatBearerChallenge } from '@cerulean/oci/challenge.ts';
import { formatScope, type Scope } from '@cerulean/oci/scope.ts';
import { registryScopes } from '../access/action.ts';
import type { Action, RepositoryAction, Resource } from '../access/authorise.ts';
import type { RequestFacts, Requirement } from './admission.ts';
import { ChallengeError } from './challenge-error.ts';

/** What a route under a registry may require of credentials. */
export type CredentialsRequirement = Exclude<
  Requirement,
  { kind: 'nothing' | 'operator-address' | 'metadata' | 'host' }
>;

/** What a request needs of its credentials: the scopes that a token for it has, and whether it may be an old one. */
export interface NeededAccess {
  readonly scopes: readonly Scope[];
  readonly acceptsExpired: boolean;
}

/** The actions of the scope for each action, as ACR asks for them: whoever pushes needs to pull too. */
const scopeActions: Readonly<Record<RepositoryAction, readonly string[]>> = {
  pull: ['pull'],
  push: ['pull', 'push'],
  delete: ['delete'],
  metadata_read: ['metadata_read'],
  metadata_write: ['metadata_write'],
};

/**
 * What is to be decided; undefined where valid credentials of any kind are enough. `name` is the request's repository.
 * @throws TypeError where the route needs one and has none
 */
export function neededRight(
  requires: CredentialsRequirement,
  { registry, name }: { readonly registry: string; readonly name: string | undefined },
): { readonly action: Action; readonly resource: Resource } | undefined {
  switch (requires.kind) {
    case 'login':
      return undefined;
    case 'catalog':
      return { action: 'catalog', resource: { type: 'registry', registry } };
    case 'owner':
      return { action: 'explain', resource: { type: 'registry', registry } };
    case 'repository':
      return {
        action: requires.action,
        resource: { type: 'repository', registry, name: repositoryNamed(name) },
      };
  }
}

/**
 * Reads a requirement. A mount asks for both repositories at once, as distribution does: Azure's library for Go comes back
 * with a new token once and not twice. @throws TypeError as `neededRight` does
 */
export function neededAccess(
  requires: CredentialsRequirement,
  { repositoryName, mountFrom }: Pick<RequestFacts, 'repositoryName' | 'mountFrom'>,
): NeededAccess {
  if (requires.kind === 'login') return { scopes: [], acceptsExpired: false };
  if (requires.kind === 'catalog' || requires.kind === 'owner') {
    const { name: resource, action } = registryScopes[requires.kind === 'owner' ? 'explain' : 'catalog'];
    return { scopes: [{ type: 'registry', name: resource, actions: [action] }], acceptsExpired: false };
  }
  const name = repositoryNamed(repositoryName);
  const scopes: Scope[] = [{ type: 'repository', name, actions: scopeActions[requires.action] }];
  if (mountFrom !== undefined && mountFrom !== name)
    scopes.push({ type: 'repository', name: mountFrom, actions: scopeActions.pull });
  return { scopes, acceptsExpired: requires.acceptsExpired === true };
}

function repositoryNamed(name: string | undefined): string {
  if (name === undefined) throw new TypeError('A route that requires a right on a repository names none.');
  return name;
}

/** Why a request is sent back: without credentials (or with wrong ones), with a token of no use, without the right. */
export type ChallengeReason = 'unauthorized' | 'invalid_token' | 'insufficient_scope';

/** ACR's own words: clients look for them. */
const authenticationRequired =
  'authentication required, visit https://aka.ms/acr/authorization for more information.';

/**
 * The 401 of ACR: the base route without a scope, all others with the scope that a token needs. `error` stands there
 * only for a token; containerd takes any as a reason to ask for a new one.
 */
export function challengeFor(
  { scopes }: NeededAccess,
  { baseUrl, loginServer }: { readonly baseUrl: string; readonly loginServer: string },
  {
    why,
    message = authenticationRequired,
  }: { readonly why: ChallengeReason; readonly message: string | undefined },
): ChallengeError {
  return new ChallengeError({
    code: why === 'insufficient_scope' ? why : 'unauthorized',
    message,
    needed: scopes.flatMap(({ type, name, actions }) =>
      actions.map((Action) => ({ Type: type, Name: name, Action })),
    ),
    challenge: formatBearerChallenge({
      realm: `${baseUrl}/oauth2/token`,
      service: loginServer,
      scope: scopes.length === 0 ? undefined : scopes.map(formatScope).join(' '),
      error: why === 'unauthorized' ? undefined : why,
    }),
  });
}
