import { explainedActions, isRegistryAction } from '../../access/action.ts';
import type { Principal } from '../../access/authorise.ts';
import { RegistryError } from '../../errors.ts';
import { explainAccess } from '../../identity/explain-access.ts';
import { toGuid } from '../../identity/guid.ts';
import type { OciHandler } from '../oci/handling.ts';
import { jsonAnswer } from './attribute-json.ts';

/**
 * `GET /acr/v1/_access/explain?principal=&action=&repository=`: why a principal may or may not, for owners. ACR has
 * no such thing. @throws bad_request for a parameter that is missing or unknown, resource_unknown, name_invalid
 */
export const explain: OciHandler = async ({ exchange, admission, ports }) => {
  const { query } = exchange.url;
  const named = query.get('principal') ?? '';
  if (named === '') {
    const message = 'Say who: ?principal= with a name, an object id, a client id, a token, or anonymous.';
    throw new RegistryError('bad_request', message);
  }
  const action = explainedActions.find((one) => one === query.get('action'));
  if (action === undefined)
    throw new RegistryError('bad_request', `Say what: ?action= with one of ${explainedActions.join(', ')}.`);
  const repository = isRegistryAction(action) ? undefined : (query.get('repository') ?? undefined);
  const { registry, loginServer } = admission;
  const question = { principal: named, action, repository };
  const { allowed, reason, principal } = await explainAccess(ports.reader, registry, question);
  return jsonAnswer(200, {
    registry: loginServer,
    roleAssignmentMode: registry.settings.roleAssignmentMode,
    principal: shown(principal),
    action,
    ...(repository !== undefined && { repository }),
    allowed,
    reason,
  });
};

const shown = (principal: Principal) => ({
  kind: principal.kind === 'directory' ? principal.type : principal.kind,
  id: toGuid(principal.id),
  name: principal.name,
});
