import type { Migration } from './migration.ts';

/**
 * Outside directories: issuers that are trusted under conditions, each with the role that it yields, and the principals
 * that their subjects become at the first login. Federated credentials may take their keys by discovery too.
 */
export const trustedIssuers: Migration = {
  version: 4,
  statements: ({ text, int, strict }) => [
    // scope: as that of a role assignment. claims: a JSON list of {name, pattern}. keys: a JWK set, or null where it is
    // fetched: from jwks_uri, or from where the issuer's discovery document says. ca: PEM, or null for the system's.
    `create table trusted_issuer (
      id ${text} not null primary key, tenant ${text} not null references tenant, name ${text} not null,
      issuer ${text} not null, audience ${text} not null, subject ${text} not null, claims ${text} not null,
      role ${text} not null, scope_kind ${text} not null, scope ${text} not null,
      keys ${text}, jwks_uri ${text}, ca ${text}, enabled ${int} not null, created_at ${int} not null,
      unique (tenant, name))${strict}`,
    'create index trusted_issuer_scope on trusted_issuer (scope_kind, scope)',
    `create table outside_principal (
      id ${text} not null primary key, trusted_issuer ${text} not null references trusted_issuer,
      subject ${text} not null, created_at ${int} not null, unique (trusted_issuer, subject))${strict}`,
    // keys is empty for a credential whose keys are fetched.
    `alter table federated_credential add column jwks_uri ${text}`,
    `alter table federated_credential add column ca ${text}`,
  ],
};
