import type {
  OperatorCertificate,
  OperatorDecision,
  OperatorDirectory,
  OperatorFederatedCredential,
  OperatorNewSecret,
  OperatorPrincipal,
  OperatorRole,
  OperatorRoleAssignment,
  OperatorScopeMap,
  OperatorSecret,
  OperatorToken,
} from '@cerulean/server/operator/access-protocol.ts';
import { renderFacts, renderRows } from './render-table.ts';

export const renderDirectory = (directory: OperatorDirectory): string =>
  renderFacts([
    ['Tenant id', directory.tenantId],
    ['Tenant', directory.tenantName],
    ['Subscription id', directory.subscriptionId],
  ]);

export const renderPrincipals = (principals: readonly OperatorPrincipal[]): string =>
  renderRows(
    ['NAME', 'TYPE', 'OBJECT ID', 'CLIENT ID', 'ENABLED', 'GROUPS'],
    principals.map((principal) => [
      principal.name,
      principal.type,
      principal.objectId,
      principal.clientId,
      principal.enabled,
      principal.groups.join(', '),
    ]),
  );

export const renderPrincipal = (principal: OperatorPrincipal): string =>
  renderFacts([
    ['Name', principal.name],
    ['Type', principal.type],
    ['Object id', principal.objectId],
    ['Client id', principal.clientId],
    ['Tenant id', principal.tenantId],
    ['Enabled', principal.enabled],
    ['Created', principal.createdAt],
    ['Groups', principal.groups.join(', ') || null],
  ]);

export const renderSecrets = (secrets: readonly OperatorSecret[]): string =>
  renderRows(
    ['ID', 'NAME', 'BEGINS WITH', 'CREATED', 'EXPIRES'],
    secrets.map(({ id, name, hint, createdAt, expiresAt }) => [id, name, hint, createdAt, expiresAt]),
  );

export const renderSecret = (secret: OperatorSecret): string => renderSecrets([secret]);

export const renderNewSecret = (secret: OperatorNewSecret): string =>
  [
    renderFacts([
      ['Tenant id', secret.tenantId],
      ['Client id', secret.clientId],
      ['Client secret', secret.value],
      ['Secret id', secret.id],
      ['Expires', secret.expiresAt],
    ]),
    'The secret is shown this once: copy it now.',
  ].join('\n');

export const renderCertificates = (certificates: readonly OperatorCertificate[]): string =>
  renderRows(
    ['ID', 'NAME', 'THUMBPRINT', 'EXPIRES'],
    certificates.map(({ id, name, thumbprint, expiresAt }) => [id, name, thumbprint, expiresAt]),
  );

export const renderCertificate = (certificate: OperatorCertificate): string =>
  renderCertificates([certificate]);

export const renderFederatedCredentials = (rows: readonly OperatorFederatedCredential[]): string =>
  renderRows(
    ['ID', 'NAME', 'ISSUER', 'SUBJECT', 'AUDIENCE'],
    rows.map(({ id, name, issuer, subject, audience }) => [id, name, issuer, subject, audience]),
  );

export const renderFederatedCredential = (row: OperatorFederatedCredential): string =>
  renderFederatedCredentials([row]);

export const renderRoles = (roles: readonly OperatorRole[]): string =>
  renderRows(
    ['NAME', 'ID', 'TYPE'],
    roles.map(({ name, id, isCustom }) => [name, id, isCustom ? 'custom' : 'built-in']),
  );

export const renderRole = (role: OperatorRole): string =>
  renderFacts([
    ['Name', role.name],
    ['Id', role.id],
    ['Type', role.isCustom ? 'custom' : 'built-in'],
    ['Description', role.description || null],
    ...facts('Actions', role.actions),
    ...facts('Not actions', role.notActions),
    ...facts('Data actions', role.dataActions),
    ...facts('Not data actions', role.notDataActions),
    ...facts('Assignable at', role.assignableScopes),
  ]);

/** The first value beside the name, the others below it. */
const facts = (name: string, values: readonly string[]): (readonly [string, string])[] =>
  values.map((value, at) => [at === 0 ? name : '', value] as const);

export const renderRoleAssignments = (assignments: readonly OperatorRoleAssignment[]): string =>
  renderRows(
    ['ID', 'PRINCIPAL', 'ROLE', 'SCOPE', 'CONDITION'],
    assignments.map(({ id, principal, role, scope, condition }) => [
      id,
      principal,
      role,
      scope,
      condition?.replace(/\s+/g, ' ') ?? null,
    ]),
  );

export const renderRoleAssignment = (assignment: OperatorRoleAssignment): string =>
  renderRoleAssignments([assignment]);

export const renderScopeMaps = (maps: readonly OperatorScopeMap[]): string =>
  renderRows(
    ['NAME', 'SYSTEM', 'DESCRIPTION', 'ACTIONS'],
    maps.map((map) => [map.name, map.isSystem ? 'yes' : 'no', map.description, map.actions.join(' ')]),
  );

export const renderScopeMap = (map: OperatorScopeMap): string =>
  renderFacts([
    ['Registry', map.registry],
    ['Name', map.name],
    ['Description', map.description],
    ...facts('Actions', map.actions),
  ]);

export const renderTokens = (tokens: readonly OperatorToken[]): string =>
  renderRows(
    ['NAME', 'ENABLED', 'SCOPE MAP', 'PASSWORDS'],
    tokens.map((token) => [
      token.name,
      token.enabled,
      token.scopeMap,
      token.passwords.map(({ name }) => name).join(', '),
    ]),
  );

export function renderToken(token: OperatorToken): string {
  const isNew = token.passwords.some(({ value }) => value !== undefined);
  return [
    renderFacts([
      ['Registry', token.registry],
      ['Username', token.name],
      ['Enabled', token.enabled],
      ['Scope map', token.scopeMap],
    ]),
    renderRows(
      ['PASSWORD', 'EXPIRES', isNew ? 'VALUE' : 'CREATED'],
      token.passwords.map(({ name, expiresAt, value, createdAt }) => [
        name,
        expiresAt ?? 'never',
        isNew ? (value ?? '(as before)') : createdAt,
      ]),
    ),
    ...(isNew ? ['The passwords are shown this once: copy them now.'] : []),
  ].join('\n');
}

export const renderDecision = ({ allowed, reason }: OperatorDecision): string =>
  `${allowed ? 'allowed' : 'refused'}: ${reason}`;
