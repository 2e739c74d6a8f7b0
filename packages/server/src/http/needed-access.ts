import { formatBearerChallenge } from '@cerulean/oci/challenge.ts';
import { formatScope, type Scope } from '@cerulean/oci/scope.ts';
import type { Action, Resource } from '../access/authorise.ts';
import type { Requirement } from './admission.ts';
import { ChallengeError } from './challenge-error.ts';

/** What a route under a registry may require of credentials. */
export type CredentialsRequirement = Exclude<Requirement, { kind: 'nothing' | 'operator-address' | 'host' }>;

/** What a request needs: the action that is decided, and the scope that a token for it has. */
export interface NeededAccess {
  /** Undefined where valid credentials of any kind are enough. */
  readonly decision:
    | { readonly action: Action; readonly resourceIn: (registry: string) => Resource }
    | undefined;
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

/** Reads a requirement. `name` is the request's repository; a TypeError where the route needs one and has none. */
export function neededAccess(requires: CredentialsRequirement, name: string | undefined): NeededAccess {
  if (requires.kind === 'login') return { decision: undefined, scope: undefined, acceptsExpired: false };
  if (requires.kind === 'catalog') {
    return {
      decision: { action: 'catalog', resourceIn: (registry) => ({ type: 'registry', registry }) },
      scope: { type: 'registry', name: 'catalog', actions: ['*'] },
      acceptsExpired: false,
    };
  }
  if (name === undefined) throw new TypeError('A route that requires a right on a repository names none.');
  const { action } = requires;
  return {
    decision: { action, resourceIn: (registry) => ({ type: 'repository', registry, name }) },
    scope: { type: 'repository', name, actions: scopeActions[action] },
    acceptsExpired: requires.acceptsExpired === true,
  };
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
