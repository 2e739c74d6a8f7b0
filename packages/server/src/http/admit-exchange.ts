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
 * The answer is there at once where Admit has it at once. @throws RegistryError, as Admit does
 */
export function admitExchange(
  doors: Doors,
  exchange: Exchange,
  route: RouteRequirement,
): void | Promise<void> {
  exchange.route = route;
  const { request, requestId, peerAddress, encrypted } = exchange;
  const { headers, method = '' } = request;
  if (route.requires.kind === 'nothing') return;
  if (route.requires.kind === 'operator-address') return doors.admitOperatorAddress({ peerAddress, headers });
  const repositoryName = repositoryNameOf(exchange.url.target);
  const connection = request.socket;
  const facts = { method, requestId, headers, peerAddress, encrypted, connection, repositoryName };
  const admission = doors.admit(facts, route);
  if (admission instanceof Promise) {
    return admission.then((admitted) => {
      exchange.admission = admitted;
    });
  }
  exchange.admission = admission;
}
