import { isIP, isIPv4 } from 'node:net';

/**
 * True for what only this machine can reach: `localhost`, 127.0.0.0/8 and ::1. Not `x.localhost`: RFC 6761 reserves
 * it, yet many resolvers ask the network for it, and a server must not listen where such an answer points.
 */
export function isLoopbackHost(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true;
  return isIPv4(host) ? host.startsWith('127.') : isIP(host) === 6 && /^(0*:)*:?0*1$/.test(host);
}

/** An address, or a network as `10.0.0.0/8` or `fd00::/8`. */
export function isAddressOrNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

/** A DNS name (RFC 1123) in lower case: labels of letters, digits and inner hyphens, 253 characters at most. */
export function isDomainName(text: string): boolean {
  return (
    text.length <= 253 &&
    /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text)
  );
}

/** What a client may name in Host without a port: a DNS name or an address. */
export function isHostName(text: string): boolean {
  return isIP(text) !== 0 || isDomainName(text);
}

/**
 * An address to listen on with its port, as `127.0.0.1:8081` or `[::1]:8081`. Undefined for what is none: a name could
 * stand for more than one address.
 */
export function parseListenAddress(
  text: string,
): { readonly host: string; readonly port: number } | undefined {
  const [, bracketed, plain, digits = ''] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  const port = Number(digits);
  const isRight = isIP(host) === (bracketed === undefined ? 4 : 6) && digits !== '' && port <= 65_535;
  return isRight ? { host, port } : undefined;
}

/** `https://registry.example.com` or with a port: scheme and host, and nothing after them. */
export function isPublicUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text;
}
