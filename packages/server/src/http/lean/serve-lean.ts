import type { RegistryPorts } from '../../registry/registry-ports.ts';
import { admitExchange, type Doors } from '../admit-exchange.ts';
import { admissionOf, type Exchange } from '../exchange.ts';
import { actorOf, type Handling } from '../oci/handling.ts';
import type { OciRoute } from '../oci/routes.ts';
import { serveBlob } from './serve-blob.ts';
import { serveManifest } from './serve-manifest.ts';

/**
 * The way of the two routes that pulls consist of, without a framework: half the work for a small answer. Admission is
 * the same as everywhere.
 */
export async function serveLean(
  exchange: Exchange,
  route: OciRoute,
  server: { readonly doors: Doors; readonly ports: RegistryPorts },
): Promise<void> {
  const admitting = admitExchange(server.doors, exchange, route);
  if (admitting !== undefined) await admitting;
  const admission = admissionOf(exchange);
  const handling: Handling = { exchange, admission, actor: actorOf(admission), ports: server.ports };
  if (route.operation === 'oci.end-2') return serveBlob(handling);
  if (route.operation === 'oci.end-3') return serveManifest(handling);
  throw new TypeError(`${route.operation} has no lean way.`);
}
