import { parseRepositoryName } from '@cerulean/oci/repository-name.ts';
import type { Admission, Admit, RouteRequirement } from './admission.ts';
import type { AdmitMetadataHost, AdmitOperatorAddress } from './admit.ts';
import { type Exchange, repositoryNameOf } from './exchange.ts';
import { RefusedCall } from './refused-call.ts';

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
  const { request, requestId, peerAddress, encrypted } = exchange;
  const { headers, method = '' } = request;
  if (route.requires.kind === 'nothing') return;
  if (route.requires.kind === 'operator-address') return doors.admitOperatorAddress({ peerAddress, headers });
  if (route.requires.kind === 'metadata') return doors.admitMetadataHost({ headers, peerAddress, encrypted });
  const repositoryName = repositoryNameOf(exchange.url.target);
  const connection = request.socket;
  const facts = { method, requestId, headers, peerAddress, encrypted, connection, repositoryName };
  const mountFrom = mountSourceOf(exchange);
  try {
    const admission = doors.admit(mountFrom === undefined ? facts : { ...facts, mountFrom }, route);
    if (admission instanceof Promise) return adopt(exchange, admission);
    exchange.admission = admission;
  } catch (error) {
    throw noted(exchange, error);
  }
}

async function adopt(exchange: Exchange, admitting: Promise<Admission>): Promise<void> {
  try {
    exchange.admission = await admitting;
  } catch (error) {
    throw noted(exchange, error);
  }
}

/** Who was let in only to be told that it was too often stands in the log as others do. */
function noted(exchange: Exchange, error: unknown): unknown {
  if (error instanceof RefusedCall) exchange.admission = error.admission;
  return error;
}

/** Where the request wants a blob mounted from (OCI end-11); undefined for a name that no repository has. */
function mountSourceOf({ url }: Exchange): string | undefined {
  if (url.target.kind !== 'uploads' || !url.query.has('mount')) return undefined;
  return parseRepositoryName(url.query.get('from') ?? '');
}
