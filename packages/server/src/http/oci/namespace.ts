import type { HeaderValues } from '../common-headers.ts';
import type { Exchange } from '../exchange.ts';

/**
 * The OCI-Namespace header (OCI distribution spec, "Registry Proxying"): said only of the namespace that this registry is
 * the source of, its own host. Any other `ns` is ignored, as the specification allows: this is no proxy.
 */
export function namespaceHeader({ url, admission }: Exchange): HeaderValues {
  const namespace = url.query.get('ns');
  return namespace !== null && namespace === admission?.host ? { 'OCI-Namespace': namespace } : {};
}
