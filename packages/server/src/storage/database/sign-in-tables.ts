/** Rows of identity bindings, passwords and refresh tokens: a part of the tables in `schema.ts`. */

/** Either `network`, or the verifier. */
export interface IdentityBindingTable {
  id: string;
  identity: string;
  system_assigned: number;
  network: string | null;
  verifier_version: number | null;
  verifier: Uint8Array | null;
  created_at: number;
}

export interface UserPasswordTable {
  principal: string;
  id: string;
  verifier_kind: string;
  verifier_version: number;
  verifier: Uint8Array;
  created_at: number;
}

/** Hashes are SHA-256 in lower-case hex. */
export interface RefreshFamilyTable {
  id: string;
  family_hash: string;
  principal: string;
  client: string;
  current_hash: string;
  previous_hash: string | null;
  rotations: number;
  rotated_at: number;
  created_at: number;
  expires_at: number;
}
