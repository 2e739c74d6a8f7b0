import type { Generated } from 'kysely';
import type { IdentityBindingTable, RefreshFamilyTable, UserPasswordTable } from './sign-in-tables.ts';
import type { OutsidePrincipalTable, TrustedIssuerTable } from './trusted-issuer-tables.ts';

/**
 * The tables, as Kysely sees them; `migrations/` has them as the engines do.
 *
 * Forms. Ids are 16 random bytes as 32 hex digits, one form in rows, logs and paths. Times are milliseconds since the
 * epoch; a hybrid clock (`hlc`) is microseconds, the greater of now and what it follows plus one. Booleans are 0 and 1.
 */
export interface DeploymentTable {
  /** Always 1: there is one row. */
  singleton: number;
  origin: string;
  incarnation: string;
  root_key_number: number;
  root_key_fingerprint: string;
  rights_epoch: number;
  created_at: number;
}

export interface SystemKeyTable {
  purpose: number;
  version: number;
  box: Uint8Array;
  created_at: number;
  retired_at: number | null;
}

export interface RegistryTable {
  id: string;
  name: string;
  settings: string;
  key_number: number;
  created_at: number;
  deleted_at: number | null;
  subscription: string | null;
  resource_group: string | null;
  sku: string;
}

export interface RegistryKeyTable {
  registry: string;
  number: number;
  box: Uint8Array;
  created_at: number;
}

export interface PrincipalTable {
  id: string;
  registry: string;
  kind: string;
  name: string;
  enabled: number;
  created_at: number;
  /** Of a token: the name of its scope map. */
  scope_map: string | null;
}

export interface TenantTable {
  id: string;
  name: string;
  created_at: number;
}

export interface SubscriptionTable {
  id: string;
  tenant: string;
  name: string;
  created_at: number;
}

export interface DirectoryPrincipalTable {
  id: string;
  tenant: string;
  kind: string;
  name: string;
  app_id: string | null;
  enabled: number;
  created_at: number;
}

export interface GroupMemberTable {
  group_id: string;
  member: string;
}

export interface SecretTable {
  id: string;
  owner: string;
  name: string;
  hint: string;
  verifier_version: number;
  verifier: Uint8Array;
  created_at: number;
  expires_at: number | null;
}

export interface AppCertificateTable {
  id: string;
  owner: string;
  name: string;
  sha1: string;
  sha256: string;
  public_key: Uint8Array;
  created_at: number;
  expires_at: number;
}

export interface FederatedCredentialTable {
  id: string;
  owner: string;
  name: string;
  issuer: string;
  subject: string;
  audience: string;
  /** Empty where they are fetched. */
  keys: string;
  created_at: number;
  jwks_uri: string | null;
  ca: string | null;
}

export interface RoleAssignmentTable {
  id: string;
  principal: string;
  role: string;
  scope_kind: string;
  scope: string;
  created_at: number;
  condition: string | null;
  condition_version: string | null;
}

export interface RoleDefinitionTable {
  id: string;
  tenant: string;
  name: string;
  description: string;
  /** JSON. */
  definition: string;
  created_at: number;
  updated_at: number;
}

/** When the last repository of this name was deleted, for as long as a token of that time may be around. */
export interface RepositoryDeletionTable {
  registry: string;
  name: string;
  deleted_at: number;
}

export interface ScopeMapTable {
  registry: string;
  name: string;
  description: string;
  actions: string;
  created_at: number;
}

export interface CredentialTable {
  id: string;
  principal: string;
  name: string;
  sealed_box: Uint8Array;
  verifier_kind: string;
  verifier_version: number;
  verifier: Uint8Array;
  created_at: number;
}

/** What ACR calls changeableAttributes; 0 or 1 each. */
export interface FlagColumns {
  delete_enabled: Generated<number>;
  write_enabled: Generated<number>;
  read_enabled: Generated<number>;
  list_enabled: Generated<number>;
}

/** Kept a little late, in batches: see `commands/pulls.ts`. */
export interface PullColumns {
  pull_count: Generated<number>;
  last_pulled_at: Generated<number | null>;
}

export interface RepositoryTable extends FlagColumns {
  id: string;
  registry: string;
  name: string;
  settings: string | null;
  manifest_count: number;
  tag_count: number;
  /** Of the blobs that it links and of its manifests. */
  content_bytes: Generated<number>;
  created_at: number;
  updated_at: number;
}

export interface BlobTable {
  id: string;
  registry: string;
  digest: string;
  size: number;
  created_at: number;
}

export interface SegmentTable {
  blob: string;
  start: number;
  length: number;
  id: string;
  cipher: number;
  inline_box: Uint8Array | null;
  object: string | null;
  object_offset: number | null;
  key_box: Uint8Array | null;
}

export interface RepositoryBlobTable {
  repository: string;
  digest: string;
  blob: string;
  linked_at: number;
}

export interface UploadTable {
  blob: string;
  registry: string;
  repository_name: string;
  principal: string;
  algorithm: string;
  byte_offset: number;
  prefix_digest: string | null;
  segments: number;
  state: string;
  created_at: number;
  updated_at: number;
  expires_at: number;
}

export interface ManifestContentTable {
  registry: string;
  digest: string;
  box: Uint8Array;
  created_at: number;
}

export interface ManifestTable extends FlagColumns, PullColumns {
  repository: string;
  digest: string;
  media_type: string;
  artifact_type: string | null;
  referrer_artifact_type: string | null;
  subject_digest: string | null;
  config_digest: string | null;
  config_media_type: string | null;
  has_annotations: number;
  size: number;
  image_size: number;
  architecture: string | null;
  os: string | null;
  variant: string | null;
  os_version: string | null;
  config_created: string | null;
  labels_box: Uint8Array | null;
  index_depth: number;
  pushed_by: string;
  created_at: number;
  updated_at: number;
  hlc: number;
}

export interface ManifestReferenceTable {
  repository: string;
  parent: string;
  child: string;
  kind: string;
  media_type: string;
  size: number;
  required: number;
  platform: string | null;
}

export interface TagTable extends FlagColumns, PullColumns {
  repository: string;
  name: string;
  digest: string;
  created_at: number;
  updated_at: number;
  updated_by: string;
  hlc: number;
}

export interface TagTombstoneTable {
  repository: string;
  name: string;
  digest: string;
  deleted_at: number;
  hlc: number;
}

export interface EventTable {
  id: string;
  registry: string;
  origin: string;
  incarnation: string;
  number: number | null;
  /** On PostgreSQL the order of insertion, from which the stamper numbers. */
  arrival: Generated<number | null>;
  hlc: number;
  at: number;
  kind: string;
  repository: string | null;
  repository_name: string | null;
  payload: string;
  principal: string;
  principal_name: string;
  request_id: string;
  address: string;
  host: string;
  method: string;
  user_agent: string;
}

export interface EventCounterTable {
  registry: string;
  origin: string;
  incarnation: string;
  last: number;
  hlc: number;
}

export interface JobTable {
  id: string;
  kind: string;
  key: string;
  payload: string;
  state: string;
  run_at: number;
  attempts: number;
  locked_by: string | null;
  locked_until: number | null;
  last_error: string | null;
  created_at: number;
}

export interface TrashTable {
  object: string;
  registry: string;
  reason: string;
  deleted_at: number;
}

export interface Database {
  deployment: DeploymentTable;
  system_key: SystemKeyTable;
  registry: RegistryTable;
  registry_key: RegistryKeyTable;
  principal: PrincipalTable;
  credential: CredentialTable;
  tenant: TenantTable;
  subscription: SubscriptionTable;
  directory_principal: DirectoryPrincipalTable;
  group_member: GroupMemberTable;
  secret: SecretTable;
  app_certificate: AppCertificateTable;
  federated_credential: FederatedCredentialTable;
  identity_binding: IdentityBindingTable;
  user_password: UserPasswordTable;
  refresh_family: RefreshFamilyTable;
  trusted_issuer: TrustedIssuerTable;
  outside_principal: OutsidePrincipalTable;
  role_assignment: RoleAssignmentTable;
  role_definition: RoleDefinitionTable;
  repository_deletion: RepositoryDeletionTable;
  scope_map: ScopeMapTable;
  repository: RepositoryTable;
  blob: BlobTable;
  segment: SegmentTable;
  repository_blob: RepositoryBlobTable;
  upload: UploadTable;
  manifest_content: ManifestContentTable;
  manifest: ManifestTable;
  manifest_reference: ManifestReferenceTable;
  tag: TagTable;
  tag_tombstone: TagTombstoneTable;
  event: EventTable;
  event_counter: EventCounterTable;
  job: JobTable;
  trash: TrashTable;
}
