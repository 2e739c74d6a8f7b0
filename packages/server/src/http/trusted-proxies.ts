import { BlockList, isIP } from 'node:net';

/** A set of addresses and networks. */
export interface AddressList {
  /** False for what is no address. IPv4 in IPv6's clothes (`::ffff:10.0.0.1`) counts as IPv4. */
  has(address: string): boolean;
}

/** A longer chain of proxies is nobody's; the rest of the header is not looked at. */
const hopsMax = 32;

/** Makes a list of addresses and networks such as `10.0.0.0/8`. Throws a TypeError that names what is neither. */
export function createAddressList(entries: readonly string[]): AddressList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits, ...rest] = entry.split('/');
    const family = familyOf(address);
    const prefix = bits === undefined ? undefined : Number(bits);
    const isPrefix =
      prefix === undefined || (/^\d{1,3}$/.test(bits ?? '') && prefix <= (family === 'ipv4' ? 32 : 128));
    if (family === undefined || rest.length > 0 || !isPrefix) {
      throw new TypeError(`Not an address or a network: ${JSON.stringify(entry)}`);
    }
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, prefix, family);
  }
  return {
    has(text) {
      const address = plainAddress(text);
      const family = familyOf(address);
      return family !== undefined && list.check(address, family);
    },
  };
}

/**
 * The client's address: the right-most hop of X-Forwarded-For that is no trusted proxy, when the socket's peer is one;
 * else the peer. What stands further left was written by whoever sent it, so it is not believed.
 */
export function clientAddress(
  peerAddress: string,
  forwardedFor: string | undefined,
  proxies: AddressList,
): string {
  let client = plainAddress(peerAddress);
  const hops = (forwardedFor ?? '').split(',').slice(-hopsMax);
  while (proxies.has(client)) {
    const hop = addressOf(hops.pop() ?? '');
    if (hop === undefined) break;
    client = hop;
  }
  return client;
}

/** An address in its one plain form: IPv6 compressed and without a zone, an IPv4 address in IPv6's clothes as IPv4. */
export function plainAddress(address: string): string {
  const withoutZone = address.replace(/%.*$/, '');
  if (isIP(withoutZone) !== 6) return withoutZone;
  const compressed = new URL(`http://[${withoutZone}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(compressed) ?? [];
  if (high === undefined || low === undefined) return compressed;
  const bits = [high, low].map((group) => Number.parseInt(group, 16));
  return bits.flatMap((group) => [group >> 8, group & 255]).join('.');
}

/** A hop may have a port behind it (Azure's Application Gateway writes one). */
function addressOf(hop: string): string | undefined {
  const text = hop.trim();
  const address =
    /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1] ?? text;
  return isIP(address) === 0 ? undefined : plainAddress(address);
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const family = isIP(address);
  return family === 0 ? undefined : family === 4 ? 'ipv4' : 'ipv6';
}
