import { toGuid } from '../../identity/guid.ts';
import type { SigningKey } from '../../identity/system-keys.ts';
import type { TenantRow } from '../../registry/access-reader.ts';

/** The segment of an authority that every library of Microsoft's takes for a server of its own, without asking elsewhere. */
export const adfs = 'adfs';

/** Authorities that stand for any tenant: az asks them when it logs out. */
const anyTenant = ['common', 'organizations', 'consumers'];

/** The tenant that the first segment of a path names: by id or name, or the first one by `adfs` and the like. */
export function tenantOf(segment: string, tenants: readonly TenantRow[]): TenantRow | undefined {
  const wanted = segment.toLowerCase();
  if (wanted === adfs || anyTenant.includes(wanted)) return tenants[0];
  return tenants.find(({ id, name }) => toGuid(id) === wanted || name.toLowerCase() === wanted);
}

/** The names that a token endpoint has: client assertions must be for one of them. */
export function tokenEndpoints(origin: string, tenant: TenantRow): string[] {
  const segments = [toGuid(tenant.id), tenant.name, adfs];
  return segments.flatMap((segment) => [
    `${origin}/${segment}/oauth2/v2.0/token`,
    `${origin}/${segment}/oauth2/token`,
    `${origin}/${segment}/v2.0`,
  ]);
}

/** OpenID Connect's discovery document for the authority that was asked. */
export function discoveryDocument(
  origin: string,
  segment: string,
  tenant: TenantRow,
): Readonly<Record<string, unknown>> {
  const isAdfs = segment.toLowerCase() === adfs;
  const base = `${origin}/${isAdfs ? adfs : toGuid(tenant.id)}`;
  const oauth = isAdfs ? `${base}/oauth2` : `${base}/oauth2/v2.0`;
  return {
    issuer: isAdfs ? base : `${base}/v2.0`,
    authorization_endpoint: `${oauth}/authorize`,
    token_endpoint: `${oauth}/token`,
    device_authorization_endpoint: `${oauth}/devicecode`,
    jwks_uri: isAdfs ? `${base}/discovery/keys` : `${base}/discovery/v2.0/keys`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic', 'private_key_jwt'],
    grant_types_supported: ['client_credentials', 'password', 'refresh_token'],
    response_types_supported: ['code'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid', 'profile', 'offline_access'],
    claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'nbf', 'appid', 'oid', 'tid', 'ver'],
    tenant_region_scope: null,
    cloud_instance_name: new URL(origin).host,
  };
}

/** What MSAL asks of an authority that it does not know; ours answers for itself. */
export function instanceDiscovery(origin: string, tenant: TenantRow): Readonly<Record<string, unknown>> {
  const { host } = new URL(origin);
  return {
    tenant_discovery_endpoint: `${origin}/${toGuid(tenant.id)}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
  };
}

/** What MSAL asks about a user before it sends a password: it is to be sent here, whoever the user is. */
export function userRealm(origin: string, tenant: TenantRow): Readonly<Record<string, unknown>> {
  return {
    ver: '1.0',
    account_type: 'Managed',
    domain_name: tenant.name,
    cloud_instance_name: new URL(origin).host,
    cloud_audience_urn: 'urn:federation:MicrosoftOnline',
  };
}

/** The public keys of tokens that are still believed. */
export function keySet(keys: readonly SigningKey[], issuer: string): Readonly<Record<string, unknown>> {
  return {
    keys: keys.map(({ kid, publicKey }) => {
      const { kty, n, e } = publicKey.export({ format: 'jwk' });
      return { kty, use: 'sig', kid, n, e, alg: 'RS256', issuer };
    }),
  };
}
