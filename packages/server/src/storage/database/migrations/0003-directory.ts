import type { Migration } from './migration.ts';

/**
 * The directory (tenants, principals, their secrets), Azure's role assignments, and ACR's tokens with their scope maps.
 * A token is a principal of its registry; the principals of the directory belong to a tenant and to no registry.
 */
export const directory: Migration = {
  version: 3,
  statements: ({ text, bytes, int, strict, clustered }) => [
    `create table tenant (id ${text} not null primary key, name ${text} not null unique, created_at ${int} not null)${strict}`,
    `create table subscription (
      id ${text} not null primary key, tenant ${text} not null references tenant, name ${text} not null,
      created_at ${int} not null, unique (tenant, name))${strict}`,
    // Null for a registry that is older than the directory, until the next start gives it a place.
    `alter table registry add column subscription ${text}`,
    `alter table registry add column resource_group ${text}`,
    `alter table principal add column scope_map ${text}`,
    `create table directory_principal (
      id ${text} not null primary key, tenant ${text} not null references tenant, kind ${text} not null,
      name ${text} not null, app_id ${text} unique, enabled ${int} not null, created_at ${int} not null,
      unique (tenant, name))${strict}`,
    `create table group_member (
      group_id ${text} not null references directory_principal, member ${text} not null references directory_principal,
      primary key (group_id, member))${clustered}`,
    'create index group_member_member on group_member (member)',
    // Its owner is a token or a principal of the directory.
    `create table secret (
      id ${text} not null primary key, owner ${text} not null, name ${text} not null, hint ${text} not null,
      verifier_version ${int} not null, verifier ${bytes} not null, created_at ${int} not null, expires_at ${int})${strict}`,
    'create index secret_owner on secret (owner)',
    `create table app_certificate (
      id ${text} not null primary key, owner ${text} not null references directory_principal, name ${text} not null,
      sha1 ${text} not null, sha256 ${text} not null, public_key ${bytes} not null,
      created_at ${int} not null, expires_at ${int} not null, unique (owner, sha256))${strict}`,
    `create table federated_credential (
      id ${text} not null primary key, owner ${text} not null references directory_principal, name ${text} not null,
      issuer ${text} not null, subject ${text} not null, audience ${text} not null, keys ${text} not null,
      created_at ${int} not null, unique (owner, name))${strict}`,
    // scope: a registry's id, SUBSCRIPTION/GROUP with the group in lower case, or a subscription's id.
    `create table role_assignment (
      id ${text} not null primary key, principal ${text} not null references directory_principal, role ${text} not null,
      scope_kind ${text} not null, scope ${text} not null, created_at ${int} not null,
      unique (principal, role, scope_kind, scope))${strict}`,
    'create index role_assignment_scope on role_assignment (scope_kind, scope)',
    `create table scope_map (
      registry ${text} not null references registry, name ${text} not null, description ${text} not null,
      actions ${text} not null, created_at ${int} not null, primary key (registry, name))${clustered}`,
  ],
};
