import type { Migration } from './migration.ts';

/**
 * Who may have tokens of a managed identity, the passwords of users, and the refresh tokens of sign-ins. Of what is
 * secret there is a verifier or a hash.
 */
export const identityBindings: Migration = {
  version: 6,
  statements: ({ text, bytes, int, strict }) => [
    // A caller is known by its network, or by a secret that it sends along: one of the two is there.
    `create table identity_binding (
      id ${text} not null primary key, identity ${text} not null references directory_principal,
      system_assigned ${int} not null, network ${text}, verifier_version ${int}, verifier ${bytes},
      created_at ${int} not null)${strict}`,
    'create index identity_binding_identity on identity_binding (identity)',
    `create table user_password (
      principal ${text} not null primary key references directory_principal, id ${text} not null,
      verifier_kind ${text} not null, verifier_version ${int} not null, verifier ${bytes} not null,
      created_at ${int} not null)${strict}`,
    // One row for each sign-in: of all its refresh tokens only the newest and the one before it are known.
    `create table refresh_family (
      id ${text} not null primary key, family_hash ${text} not null unique,
      principal ${text} not null references directory_principal, client ${text} not null,
      current_hash ${text} not null, previous_hash ${text}, rotations ${int} not null, rotated_at ${int} not null,
      created_at ${int} not null, expires_at ${int} not null)${strict}`,
    'create index refresh_family_principal on refresh_family (principal)',
    'create index refresh_family_expires on refresh_family (expires_at)',
  ],
};
