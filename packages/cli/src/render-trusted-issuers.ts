import type { OperatorTrustedIssuer } from '@cerulean/server/operator/access-protocol.ts';
import { renderFacts, renderRows } from './render-table.ts';

export const renderTrustedIssuers = (issuers: readonly OperatorTrustedIssuer[]): string =>
  renderRows(
    ['NAME', 'ISSUER', 'SUBJECT', 'ROLE', 'REGISTRY', 'ENABLED'],
    issuers.map((row) => [row.name, row.issuer, row.subject, row.role, row.registry ?? '(all)', row.enabled]),
  );

export const renderTrustedIssuer = (row: OperatorTrustedIssuer): string =>
  renderFacts([
    ['Name', row.name],
    ['Issuer', row.issuer],
    ['Audience', row.audience],
    ['Subject', row.subject],
    ...row.claims.map(({ name, pattern }) => ['Claim', `${name}=${pattern}`] as const),
    ['Role', row.role],
    ['Registry', row.registry ?? '(all)'],
    ['Keys', row.keys],
    ['JWKS URI', row.jwksUri],
    ['Enabled', row.enabled],
    ['Created', row.createdAt],
  ]);
