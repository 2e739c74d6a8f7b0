import type { Admit, RouteRequirement } from './admission.ts';
import type { AdmitOperatorAddress } from './admit.ts';
import { type Exchange, repositoryNameOf } from './exchange.ts';

/** The two doors: one for what belongs to a registry, one for the operator. */
export interface Doors {
  readonly admit: Admit;
  readonly admitOperatorAddress: AdmitOperatorAddress;
}

/**
 * Every request goes through here, on both ways, before anything looks at it. The route is what it declares itself.
 * @throws RegistryError, as Admit does
 */
export async function admitExchange(
  doors: Doors,
  exchange: Exchange,
  route: RouteRequirement,
): Promise<void> {
  exchange.route = route;
  const { request, peerAddress, encrypted } = exchange;
  const { headers, method = '' } = request;
  if (route.requires.kind === 'nothing') return;
  if (route.requires.kind === 'operator-address') return doors.admitOperatorAddress({ peerAddress, headers });
  const repositoryName = repositoryNameOf(exchange.url.target);
  const facts = { method, headers, peerAddress, encrypted, connection: request.socket, repositoryName };
  exchange.admission = await doors.admit(facts, route);
}
