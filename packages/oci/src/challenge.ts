/** The parts of a Bearer challenge; `error` is `insufficient_scope` for a good token without the right (RFC 6750). */
export interface BearerChallenge {
  readonly realm: string;
  readonly service: string;
  readonly scope?: string | undefined;
  readonly error?: string | undefined;
}

/** A challenge as read: the scheme in lower case, parameter names in lower case, values unquoted. */
export interface Challenge {
  readonly scheme: string;
  readonly params: Readonly<Record<string, string>>;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const schemePattern = new RegExp(`\\s*(${token})(?:\\s+|$)`, 'y');
const parameterPattern = new RegExp(`(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))`, 'y');
const separatorPattern = /\s*,[\s,]*/y;

/**
 * A `WWW-Authenticate` value exactly as ACR writes it:
 * `Bearer realm="…",service="…",scope="…",error="…"`. No space follows a comma, because the Azure CLI splits
 * the header at its spaces. Throws a TypeError for text that no header can carry.
 */
export function formatBearerChallenge(challenge: BearerChallenge): string {
  const { realm, service, scope, error } = challenge;
  const params = [`realm=${quoted(realm)}`, `service=${quoted(service)}`];
  if (scope !== undefined) params.push(`scope=${quoted(scope)}`);
  if (error !== undefined) params.push(`error=${quoted(error)}`);
  return `Bearer ${params.join(',')}`;
}

/**
 * The first challenge of a `WWW-Authenticate` value (RFC 9110 section 11.6.1). Undefined when it is malformed,
 * or when a parameter comes twice: then the two readers of a header could disagree about the realm.
 */
export function parseChallenge(header: string): Challenge | undefined {
  const scheme = matchAt(schemePattern, header, 0);
  if (scheme === undefined) return undefined;
  const params = new Map<string, string>();
  let at = schemePattern.lastIndex;
  while (at < header.length) {
    const parameter = matchAt(parameterPattern, header, at);
    // After a comma a word without "=" is the scheme of the next challenge.
    if (parameter === undefined)
      return params.size > 0 && matchAt(schemePattern, header, at) ? done() : undefined;
    at = parameterPattern.lastIndex;
    const name = (parameter[1] ?? '').toLowerCase();
    if (params.has(name)) return undefined;
    params.set(name, parameter[2]?.replace(/\\(.)/g, '$1') ?? parameter[3] ?? '');
    if (header.slice(at).trim() === '') break;
    if (matchAt(separatorPattern, header, at) === undefined) return undefined;
    at = separatorPattern.lastIndex;
  }
  return done();

  function done(): Challenge {
    return { scheme: (scheme?.[1] ?? '').toLowerCase(), params: Object.fromEntries(params) };
  }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

function quoted(text: string): string {
  if (/[^\x20-\x7e]/.test(text)) throw new TypeError('A challenge can hold printable ASCII only.');
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
