/**
 * Which managed identity a caller may have tokens of.
 *
 * Invariants. A caller that no binding names gets nothing, wherever it calls from, and learns of no identity whether it
 * exists. An identity that is disabled or gone is out with the next request.
 */
import { limits } from '../limits.ts';
import type { DirectoryPrincipalRow, IdentityBindingRow } from '../registry/access-reader.ts';
import { type AddressNetwork, parseAddressNetwork } from './address-network.ts';
import { readBindingHeader } from './binding-header.ts';
import type { Directory } from './directory.ts';
import { fromGuid } from './guid.ts';
import { ManagedIdentityError } from './managed-identity-error.ts';
import type { PasswordVerifier } from './password-verifier.ts';

/** How a caller is known. */
export type IdentityCaller =
  /** The address at the other end of the connection, in its plain form. */
  | { readonly kind: 'address'; readonly address: string }
  /** The value of X-IDENTITY-HEADER. */
  | { readonly kind: 'header'; readonly value: string };

/** Which of its identities a caller asks for; undefined leaves it to the server. */
export type IdentitySelector =
  | { readonly by: 'clientId' | 'objectId'; readonly guid: string }
  | { readonly by: 'resourceId'; readonly path: string }
  | undefined;

/** Throws ManagedIdentityError, and `too_many_requests`. */
export type ManagedIdentityLogin = (
  caller: IdentityCaller,
  selector: IdentitySelector,
) => Promise<DirectoryPrincipalRow>;

interface Candidate {
  readonly identity: DirectoryPrincipalRow;
  readonly systemAssigned: boolean;
}

export function createManagedIdentityLogin(options: {
  readonly directory: Directory;
  readonly passwords: PasswordVerifier;
}): ManagedIdentityLogin {
  const { directory, passwords } = options;
  const networks = new Map<string, AddressNetwork | undefined>();

  function networkOf(text: string): AddressNetwork | undefined {
    if (!networks.has(text)) {
      // Those of bindings that are gone go along with the rest.
      if (networks.size >= limits.identityBindingsMax) networks.clear();
      networks.set(text, parseAddressNetwork(text));
    }
    return networks.get(text);
  }

  async function bindingsOf(caller: IdentityCaller): Promise<readonly IdentityBindingRow[]> {
    const all = await directory.identityBindings();
    if (caller.kind === 'address')
      return all.filter(
        ({ caller: bound }) =>
          bound.kind === 'address' && networkOf(bound.network)?.has(caller.address) === true,
      );
    const given = readBindingHeader(caller.value);
    const binding = all.find(({ id }) => id === given?.id);
    if (given === undefined || binding?.caller.kind !== 'header') return [];
    const { verifierVersion, verifier } = binding.caller;
    const credential = { id: binding.id, verifierKind: 'hmac', verifierVersion, verifier } as const;
    return (await passwords.verify([credential], given.secret)) === undefined ? [] : [binding];
  }

  async function candidateOf(binding: IdentityBindingRow): Promise<Candidate[]> {
    const identity = await directory.directoryPrincipal(binding.identity);
    if (identity?.kind !== 'managed-identity') return [];
    return [{ identity, systemAssigned: binding.systemAssigned }];
  }

  return async (caller, selector) => {
    const bindings = await bindingsOf(caller);
    if (bindings.length === 0) throw notFound(true);
    const candidates = (await Promise.all(bindings.map(candidateOf))).flat();
    const subscriptions = selector?.by === 'resourceId' ? await directory.subscriptions() : [];
    const identity = chosen(candidates.filter((each) => selects(selector, each.identity, subscriptions)));
    if (!identity.enabled)
      throw new ManagedIdentityError(
        'unauthorized_client',
        'AADSTS7000112: Application is disabled. The managed identity must be enabled again.',
      );
    return identity;
  };
}

/** The one that is left, or the caller's own; several are as many as none. */
function chosen(candidates: readonly Candidate[]): DirectoryPrincipalRow {
  const own = candidates.filter(({ systemAssigned }) => systemAssigned);
  const [first, ...others] = own.length > 0 ? own : candidates;
  if (first === undefined) throw notFound(false);
  if (others.every(({ identity }) => identity.id === first.identity.id)) return first.identity;
  throw new ManagedIdentityError(
    'invalid_request',
    'Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request',
  );
}

function selects(
  selector: IdentitySelector,
  { id, appId, name }: DirectoryPrincipalRow,
  subscriptions: readonly string[],
): boolean {
  switch (selector?.by) {
    case undefined:
      return true;
    case 'clientId':
      return appId !== undefined && fromGuid(selector.guid) === appId;
    case 'objectId':
      return fromGuid(selector.guid) === id;
    case 'resourceId': {
      const [, subscription = '', given] =
        /^\/subscriptions\/([^/]+)\/resourcegroups\/[^/]+\/providers\/microsoft\.managedidentity\/userassignedidentities\/([^/]+)\/?$/i.exec(
          selector.path,
        ) ?? [];
      const known = subscriptions.includes(fromGuid(subscription) ?? '');
      return known && given?.toLowerCase() === name.toLowerCase();
    }
  }
}

/** One answer for a caller without a binding and for an identity that is not the caller's. */
const notFound = (isUnbound: boolean): ManagedIdentityError =>
  new ManagedIdentityError('invalid_request', 'Identity not found', isUnbound);
