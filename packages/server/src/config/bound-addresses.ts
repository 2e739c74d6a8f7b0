import { networkInterfaces } from 'node:os';

/** The addresses that a host to listen on stands for: itself, or all of the machine's where it means all. */
export function boundAddresses(host: string): string[] {
  if (!listensOnAll(host)) return [host];
  return Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).map(({ address }) => address),
  );
}

/** An address to write in a command: all addresses are none that a client could use. */
export function reachableHost(host: string): string {
  return listensOnAll(host) ? '127.0.0.1' : host;
}

const listensOnAll = (host: string): boolean => host === '0.0.0.0' || host === '::';
