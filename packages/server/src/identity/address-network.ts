import { BlockList, isIP } from 'node:net';

/** Addresses that begin alike, or a single one. */
export interface AddressNetwork {
  /** `address` is in its plain form: an IPv4 address in IPv6's clothes was undressed before. */
  has(address: string): boolean;
}

/**
 * Reads an address or a network such as `10.0.0.0/24`. Undefined for what is none, for a network that holds everybody,
 * and for IPv4 in IPv6's clothes, which no address is ever compared as.
 */
export function parseAddressNetwork(text: string): AddressNetwork | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || /^::ffff:/i.test(address)) return undefined;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const bits = prefix === undefined ? undefined : Number(prefix);
  if (prefix !== undefined && !/^[1-9]\d{0,2}$/.test(prefix)) return undefined;
  if (bits !== undefined && bits > (version === 4 ? 32 : 128)) return undefined;
  const list = new BlockList();
  if (bits === undefined) list.addAddress(address, family);
  else list.addSubnet(address, bits, family);
  return {
    has(other) {
      const otherVersion = isIP(other);
      return otherVersion !== 0 && list.check(other, otherVersion === 4 ? 'ipv4' : 'ipv6');
    },
  };
}
