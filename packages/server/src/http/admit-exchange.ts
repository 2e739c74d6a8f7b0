import type { Admit, RouteRequirement } from './admission.ts';
import type { AdmitMetadataHost, AdmitOperatorAddress } from './admit.ts';
import { type Exchange, repositoryNameOf } from './exchange.ts';

/** The doors: for what belongs to a registry, for the operator, and for what asks for its identity's tokens. */
export interface Doors {
  readonly admit: Admit;
  readonly admitOperatorAddress: AdmitOperatorAddress;
  readonly admitMetadataHost: AdmitMetadataHost;
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
  const { request, peerAddress, encrypted } = exchange;
  const { headers, method = '' } = request;
  if (route.requires.kind === 'nothing') return;
  if (route.requires.kind === 'operator-address') return doors.admitOperatorAddress({ peerAddress, headers });
  if (route.requires.kind === 'metadata') return doors.admitMetadataHost({ headers, peerAddress, encrypted });
  const repositoryName = repositoryNameOf(exchange.url.target);
  const facts = { method, headers, peerAddress, encrypted, connection: request.socket, repositoryName };
  const admission = doors.admit(facts, route);
  if (admission instanceof Promise) {
    return admission.then((admitted) => {
      exchange.admission = admitted;
    });
  }
  exchange.admission = admission;
}
