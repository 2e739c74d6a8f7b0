/** What an Authorization header holds. */
export type Credentials =
  | { readonly scheme: 'none' }
  | { readonly scheme: 'basic'; readonly user: string; readonly password: string }
  | { readonly scheme: 'bearer'; readonly token: string }
  /** Neither Basic nor Bearer, or Basic that holds no user and password. */
  | { readonly scheme: 'unknown' };

/** Reads an Authorization header (RFC 7617, RFC 6750). It never throws, and takes the scheme in any case. */
export function parseAuthorization(header: string | undefined): Credentials {
  if (header === undefined || header.trim() === '') return { scheme: 'none' };
  const [, scheme = '', value = ''] = /^([A-Za-z]+) +([^\s]+)$/.exec(header.trim()) ?? [];
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return { scheme: 'bearer', token: value };
    case 'basic':
      return parseBasic(value);
    default:
      return { scheme: 'unknown' };
  }
}

function parseBasic(value: string): Credentials {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(value)) return { scheme: 'unknown' };
  const text = Buffer.from(value, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return { scheme: 'unknown' };
  return { scheme: 'basic', user: text.slice(0, colon), password: text.slice(colon + 1) };
}
