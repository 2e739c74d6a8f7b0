import type { Migration } from './migration.ts';

/**
 * The first schema. Names are compared byte by byte (OCI's order), which is SQLite's default and needs `collate "C"`
 * on PostgreSQL. Tables that are looked up by a natural key have no other: on SQLite they are stored in its order.
 */
export const foundation: Migration = {
  version: 1,
  statements: ({ text, bytes, int, arrival, strict, clustered }) => [
    `create table deployment (
      singleton ${int} primary key check (singleton = 1),
      origin ${text} not null, incarnation ${text} not null,
      root_key_number ${int} not null, root_key_fingerprint ${text} not null,
      rights_epoch ${int} not null, created_at ${int} not null)${strict}`,
    `create table system_key (
      purpose ${int} not null, version ${int} not null, box ${bytes} not null,
      created_at ${int} not null, retired_at ${int}, primary key (purpose, version))${clustered}`,
    `create table registry (
      id ${text} not null primary key, name ${text} not null, settings ${text} not null,
      key_number ${int} not null, created_at ${int} not null, deleted_at ${int})${strict}`,
    // A deleted registry keeps its row and its content's rows until they are reclaimed; its name is free at once.
    'create unique index registry_name on registry (name) where deleted_at is null',
    `create table registry_key (
      registry ${text} not null references registry, number ${int} not null, box ${bytes} not null,
      created_at ${int} not null, primary key (registry, number))${clustered}`,
    `create table principal (
      id ${text} not null primary key, registry ${text} not null references registry, kind ${text} not null,
      name ${text} not null, enabled ${int} not null, created_at ${int} not null, unique (registry, kind, name))${strict}`,
    `create table credential (
      id ${text} not null primary key, principal ${text} not null references principal, name ${text} not null,
      sealed_box ${bytes} not null, verifier_kind ${text} not null, verifier_version ${int} not null,
      verifier ${bytes} not null, created_at ${int} not null, unique (principal, name))${strict}`,
    `create table repository (
      id ${text} not null primary key, registry ${text} not null references registry, name ${text} not null,
      settings ${text}, manifest_count ${int} not null, tag_count ${int} not null,
      created_at ${int} not null, updated_at ${int} not null, unique (registry, name))${strict}`,
    // The catalog lists what holds a manifest, and walks this index alone.
    'create index repository_catalog on repository (registry, name) where manifest_count > 0',
    `create table blob (
      id ${text} not null primary key, registry ${text} not null references registry, digest ${text} not null,
      size ${int} not null, created_at ${int} not null, unique (registry, digest))${strict}`,
    // No reference to blob: segments of an unfinished upload stand here before the blob does.
    `create table segment (
      blob ${text} not null, start ${int} not null, length ${int} not null, id ${text} not null, cipher ${int} not null,
      inline_box ${bytes}, object ${text}, object_offset ${int}, key_box ${bytes}, primary key (blob, start))${strict}`,
    `create table repository_blob (
      repository ${text} not null references repository, digest ${text} not null, blob ${text} not null references blob,
      linked_at ${int} not null, primary key (repository, digest))${clustered}`,
    'create index repository_blob_blob on repository_blob (blob)',
    `create table upload (
      blob ${text} not null primary key, registry ${text} not null references registry, repository_name ${text} not null,
      principal ${text} not null, algorithm ${text} not null, byte_offset ${int} not null, prefix_digest ${text}, segments ${int} not null,
      state ${text} not null, created_at ${int} not null, updated_at ${int} not null, expires_at ${int} not null)${strict}`,
    'create index upload_expiry on upload (expires_at)',
    "create index upload_open on upload (principal) where state = 'open'",
    `create table manifest_content (
      registry ${text} not null references registry, digest ${text} not null, box ${bytes} not null,
      created_at ${int} not null, primary key (registry, digest))${strict}`,
    `create table manifest (
      repository ${text} not null references repository, digest ${text} not null, media_type ${text} not null,
      artifact_type ${text}, referrer_artifact_type ${text}, subject_digest ${text},
      config_digest ${text}, config_media_type ${text}, has_annotations ${int} not null,
      size ${int} not null, image_size ${int} not null,
      architecture ${text}, os ${text}, variant ${text}, os_version ${text}, config_created ${text}, labels_box ${bytes},
      index_depth ${int} not null, pushed_by ${text} not null,
      created_at ${int} not null, updated_at ${int} not null, hlc ${int} not null,
      primary key (repository, digest))${clustered}`,
    'create index manifest_subject on manifest (repository, subject_digest, digest) where subject_digest is not null',
    'create index manifest_time on manifest (repository, updated_at, digest)',
    'create index manifest_by_digest on manifest (digest)',
    `create table manifest_reference (
      repository ${text} not null, parent ${text} not null, child ${text} not null, kind ${text} not null,
      media_type ${text} not null, size ${int} not null, required ${int} not null, platform ${text},
      primary key (repository, parent, child))${clustered}`,
    'create index manifest_reference_child on manifest_reference (repository, child)',
    `create table tag (
      repository ${text} not null references repository, name ${text} not null, digest ${text} not null,
      created_at ${int} not null, updated_at ${int} not null, updated_by ${text} not null, hlc ${int} not null,
      primary key (repository, name))${clustered}`,
    'create index tag_digest on tag (repository, digest)',
    'create index tag_time on tag (repository, updated_at, name)',
    `create table tag_tombstone (
      repository ${text} not null references repository, name ${text} not null, digest ${text} not null,
      deleted_at ${int} not null, hlc ${int} not null, primary key (repository, name))${clustered}`,
    `create table event (
      id ${text} not null primary key, registry ${text} not null, origin ${text} not null, incarnation ${text} not null,
      number ${int}, arrival ${arrival}, hlc ${int} not null, at ${int} not null, kind ${text} not null,
      repository ${text}, repository_name ${text}, payload ${text} not null,
      principal ${text} not null, principal_name ${text} not null, request_id ${text} not null, address ${text} not null,
      host ${text} not null, method ${text} not null, user_agent ${text} not null)${strict}`,
    'create unique index event_number on event (registry, origin, incarnation, number)',
    'create index event_unstamped on event (registry, arrival) where number is null',
    `create table event_counter (
      registry ${text} not null, origin ${text} not null, incarnation ${text} not null,
      last ${int} not null, hlc ${int} not null, primary key (registry, origin, incarnation))${clustered}`,
    `create table job (
      id ${text} not null primary key, kind ${text} not null, key ${text} not null, payload ${text} not null,
      state ${text} not null, run_at ${int} not null, attempts ${int} not null,
      locked_by ${text}, locked_until ${int}, last_error ${text}, created_at ${int} not null)${strict}`,
    "create unique index job_key on job (kind, key) where state = 'ready'",
    "create index job_due on job (run_at) where state = 'ready'",
    `create table trash (
      object ${text} not null primary key, registry ${text} not null, reason ${text} not null,
      deleted_at ${int} not null)${strict}`,
    'create index trash_time on trash (deleted_at)',
  ],
};
