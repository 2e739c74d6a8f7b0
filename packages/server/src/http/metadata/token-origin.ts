import { isRefusal } from '../../errors.ts';
import { type HostRules, loginServerOf, resolveHost } from '../hosts.ts';

/**
 * The origin that a managed identity's token is issued by: the one that the resource names where it is ours, since a
 * token may be for any of our hosts; else the deployment's own. What the client asked for the token is no name of
 * ours: it is mostly 169.254.169.254.
 */
export function tokenOrigin(resource: string, hosts: HostRules, encrypted: boolean): string {
  const url = URL.parse(resource);
  if (url !== null && /^https?:$/.test(url.protocol) && isOurs(url.host, hosts)) return url.origin;
  const scheme = encrypted ? 'https' : 'http';
  return hosts.publicUrl ?? `${scheme}://${loginServerOf(hosts.defaultRegistry, hosts.domain)}`;
}

function isOurs(host: string, hosts: HostRules): boolean {
  try {
    resolveHost({ peerAddress: '', encrypted: false, headers: { host } }, hosts);
    return true;
  } catch (error) {
    if (!isRefusal(error, 'host_unknown')) throw error;
    return false;
  }
}
