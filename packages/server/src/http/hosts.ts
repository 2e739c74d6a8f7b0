/**
 * Which registry a request is for, and what its client calls us.
 *
 * Invariants. The host alone tells tenants apart. Nothing that a client or an untrusted proxy wrote comes back in a
 * realm, a Link or a Location, unless it was found to be one of our hosts first.
 */
import { isIP } from 'node:net';
import { RegistryError } from '../errors.ts';
import { type AddressList, plainAddress } from './trusted-proxies.ts';

/** The hosts of a deployment. Names are in lower case and without ports. */
export interface HostRules {
  /** Registries are found at `<name>.<domain>`. */
  readonly domain: string;
  /** Name of the registry that loopback, the bound addresses and `hostnames` lead to. */
  readonly defaultRegistry: string;
  readonly hostnames: readonly string[];
  readonly boundAddresses: readonly string[];
  /** An origin without a slash at its end. */
  readonly publicUrl: string | undefined;
  readonly trustedProxies: AddressList;
}

/** What a request says about where it went. */
export interface HostFacts {
  readonly peerAddress: string;
  readonly encrypted: boolean;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export interface ResolvedHost {
  readonly registryName: string;
  /** As the client wrote it, with its port. */
  readonly host: string;
  /** Scheme and host, no slash at the end. */
  readonly baseUrl: string;
}

/** `<name>.<domain>`: what ACR calls a registry's login server, and the audience of its tokens. */
export function loginServerOf(registryName: string, domain: string): string {
  return `${registryName}.${domain}`;
}

/** Finds the registry's name. Throws RegistryError `host_unknown` for a host that is malformed or not ours. */
export function resolveHost(facts: HostFacts, rules: HostRules): ResolvedHost {
  const isProxied = rules.trustedProxies.has(facts.peerAddress);
  const forwarded = (name: string) => (isProxied ? lastOf(facts.headers[name]) : undefined);
  const asked = forwarded('x-forwarded-host') ?? single(facts.headers['host']) ?? '';
  const name = hostName(asked);
  if (name === undefined) throw new RegistryError('host_unknown', 'The Host header is missing or malformed.');
  const proto = forwarded('x-forwarded-proto')?.toLowerCase();
  const socketScheme = facts.encrypted ? 'https' : 'http';
  const scheme = proto === 'https' || proto === 'http' ? proto : socketScheme;

  // A name that the operator gave to the default registry is its name, also where it could be another registry's.
  const registryName = rules.hostnames.includes(name) ? undefined : registryNameIn(name, rules.domain);
  if (registryName !== undefined) {
    // One public URL can't name many hosts; what it tells of all of them is the scheme.
    const publicScheme = rules.publicUrl?.slice(0, rules.publicUrl.indexOf(':'));
    return { registryName, host: asked, baseUrl: `${publicScheme ?? scheme}://${asked}` };
  }
  if (!isDefaultHost(name, rules)) throw unknownHost(name, rules.domain);
  return {
    registryName: rules.defaultRegistry,
    host: asked,
    baseUrl: rules.publicUrl ?? `${scheme}://${asked}`,
  };
}

/** A host that could be ours but has no registry. */
export function noSuchRegistry(registryName: string, domain: string): RegistryError {
  const message = `There is no registry ${registryName} here; registries are found at NAME.${domain}.`;
  return new RegistryError('host_unknown', message);
}

/**
 * The name in a Host value, in lower case and without port, brackets or a dot at the end. Undefined unless it is a
 * DNS name (RFC 1123), an IPv4 address or an IPv6 address in brackets, with at most a port behind it.
 */
export function hostName(host: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+))(?::\d{1,5})?$/.exec(host) ?? [];
  if (bracketed !== undefined) return isIP(bracketed) === 6 ? plainAddress(bracketed) : undefined;
  const name = plain?.toLowerCase().replace(/\.$/, '');
  if (name === undefined || name.length > 253) return undefined;
  return name.split('.').every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(label))
    ? name
    : undefined;
}

function registryNameIn(name: string, domain: string): string | undefined {
  if (!name.endsWith(`.${domain}`)) return undefined;
  const label = name.slice(0, -domain.length - 1);
  return label.includes('.') ? undefined : label;
}

function isDefaultHost(name: string, rules: HostRules): boolean {
  if (name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'))) return true;
  if (rules.hostnames.includes(name) || rules.boundAddresses.map(plainAddress).includes(name)) return true;
  return rules.publicUrl !== undefined && hostName(new URL(rules.publicUrl).host) === name;
}

function unknownHost(name: string, domain: string): RegistryError {
  const message =
    `This server does not answer for the host ${name}. Registries are found at NAME.${domain}; ` +
    `start it with --hostname ${name} to reach the default registry by this name, or with another --domain.`;
  return new RegistryError('host_unknown', message);
}

function single(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}

/** Of several values the last is that of the proxy next to us; those before it came from further away. */
function lastOf(value: string | readonly string[] | undefined): string | undefined {
  const text = typeof value === 'string' ? value : value?.join(',');
  return text?.split(',').at(-1)?.trim();
}
