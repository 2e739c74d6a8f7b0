/** Tables of outside issuers that are trusted; part of the schema. */
export interface TrustedIssuerTable {
  id: string;
  tenant: string;
  name: string;
  issuer: string;
  audience: string;
  subject: string;
  claims: string;
  role: string;
  scope_kind: string;
  scope: string;
  keys: string | null;
  jwks_uri: string | null;
  ca: string | null;
  enabled: number;
  created_at: number;
}

export interface OutsidePrincipalTable {
  id: string;
  trusted_issuer: string;
  subject: string;
  created_at: number;
}
