import { formatBearerChallenge } from '@cerulean/oci/challenge.ts';
import { formatScope, type Scope } from '@cerulean/oci/scope.ts';
import type { Action, Resource } from '../access/authorise.ts';
import type { Requirement } from './admission.ts';
import { ChallengeError } from './challenge-error.ts';

/** What a route under a registry may require of credentials. */
export type CredentialsRequirement = Exclude<
  Requirement,
  { kind: 'nothing' | 'operator-address' | 'metadata' | 'host' }
>;

/** What a request needs of its credentials: the scope that a token for it has, and whether it may be an old one. */
export interface NeededAccess {
  readonly scope: Scope | undefined;
  readonly acceptsExpired: boolean;
}

/** The actions of the scope for each action, as ACR asks for them: whoever pushes needs to pull too. */
const scopeActions: Readonly<Record<Exclude<Action, 'catalog'>, readonly string[]>> = {
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
    case 'repository':
      return {
        action: requires.action,
        resource: { type: 'repository', registry, name: repositoryNamed(name) },
      };
  }
}

/** Reads a requirement. @throws TypeError as `neededRight` does */
export function neededAccess(requires: CredentialsRequirement, name: string | undefined): NeededAccess {
  if (requires.kind === 'login') return { scope: undefined, acceptsExpired: false };
  if (requires.kind === 'catalog') {
    return { scope: { type: 'registry', name: 'catalog', actions: ['*'] }, acceptsExpired: false };
  }
  return {
    scope: { type: 'repository', name: repositoryNamed(name), actions: scopeActions[requires.action] },
    acceptsExpired: requires.acceptsExpired === true,
  };
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
  { scope }: NeededAccess,
  { baseUrl, loginServer }: { readonly baseUrl: string; readonly loginServer: string },
  {
    why,
    message = authenticationRequired,
  }: { readonly why: ChallengeReason; readonly message: string | undefined },
): ChallengeError {
  return new ChallengeError({
    code: why === 'insufficient_scope' ? why : 'unauthorized',
    message,
    needed:
      scope === undefined
        ? []
        : scope.actions.map((Action) => ({ Type: scope.type, Name: scope.name, Action })),
    challenge: formatBearerChallenge({
      realm: `${baseUrl}/oauth2/token`,
      service: loginServer,
      scope: scope === undefined ? undefined : formatScope(scope),
      error: why === 'unauthorized' ? undefined : why,
    }),
  });
}
