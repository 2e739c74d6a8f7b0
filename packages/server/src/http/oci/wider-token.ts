import { formatBearerChallenge } from '@cerulean/oci/challenge.ts';
import { formatScope } from '@cerulean/oci/scope.ts';
import type { Admission } from '../admission.ts';
import { ChallengeError } from '../challenge-error.ts';

/**
 * Asks for a token that reaches two repositories: the target of a mount and its source, as distribution does. The client
 * has named both itself, so this tells it nothing.
 */
export function widerTokenNeeded(
  { baseUrl, loginServer }: Admission,
  mount: { readonly name: string; readonly from: string },
): ChallengeError {
  const scopes = [
    { type: 'repository', name: mount.name, actions: ['pull', 'push'] },
    { type: 'repository', name: mount.from, actions: ['pull'] },
  ];
  return new ChallengeError({
    code: 'insufficient_scope',
    message: 'The token does not reach the repository to mount from.',
    needed: [{ Type: 'repository', Name: mount.from, Action: 'pull' }],
    challenge: formatBearerChallenge({
      realm: `${baseUrl}/oauth2/token`,
      service: loginServer,
      scope: scopes.map(formatScope).join(' '),
      error: 'insufficient_scope',
    }),
  });
}
