import type { Migration } from './migration.ts';

/**
 * Custom roles, the conditions of role assignments, and when a repository of a name was last deleted: an access token
 * from before says nothing about the repository that has the name now.
 */
export const rolesAndConditions: Migration = {
  version: 7,
  statements: ({ text, int, strict, clustered }) => [
    // definition: the lists of actions and the assignable scopes, as JSON.
    `create table role_definition (
      id ${text} not null primary key, tenant ${text} not null references tenant, name ${text} not null,
      description ${text} not null, definition ${text} not null, created_at ${int} not null, updated_at ${int} not null,
      unique (tenant, name))${strict}`,
    `alter table role_assignment add column condition ${text}`,
    `alter table role_assignment add column condition_version ${text}`,
    'create index role_assignment_role on role_assignment (role)',
    `create table repository_deletion (
      registry ${text} not null references registry, name ${text} not null, deleted_at ${int} not null,
      primary key (registry, name))${clustered}`,
    'create index repository_deletion_time on repository_deletion (registry, deleted_at)',
  ],
};
