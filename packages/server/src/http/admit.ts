import { anonymousPrincipal } from '../access/anonymous-principal.ts';
import { authorise, type Caller } from '../access/authorise.ts';
import { isRefusal, RegistryError } from '../errors.ts';
import type { Authenticated, Authenticator } from '../identity/authenticate.ts';
import type { Directory } from '../identity/directory.ts';
import type { LoginPlace } from '../identity/login-place.ts';
import { type Credentials, parseAuthorization } from '../identity/parse-authorization.ts';
import { limits } from '../limits.ts';
import type { Admit, RequestFacts } from './admission.ts';
import type { ChallengeError } from './challenge-error.ts';
import { type HostRules, loginServerOf, noSuchRegistry, resolveHost } from './hosts.ts';
import { HttpRefusal } from './http-refusal.ts';
import {
  type ChallengeReason,
  type CredentialsRequirement,
  challengeFor,
  type NeededAccess,
  neededAccess,
} from './needed-access.ts';
import { retryAfter } from './retry-after.ts';
import { type AddressList, clientAddress } from './trusted-proxies.ts';

/**
 * Makes the one admission: host, login, rights. The network's rules and the rate join between login and rights, where
 * both the caller and the address are known.
 */
export function createAdmit(options: {
  readonly hosts: HostRules;
  readonly directory: Directory;
  readonly authenticator: Authenticator;
  readonly newId: () => string;
}): Admit {
  const { hosts, directory, authenticator, newId } = options;
  return async (facts, { requires }) => {
    if (requires.kind === 'nothing' || requires.kind === 'operator-address') {
      throw new TypeError(`A route that requires ${requires.kind} is not under a registry.`);
    }
    const { registryName, host, baseUrl } = resolveHost(facts, hosts);
    const registry = await directory.registryByName(registryName);
    if (registry === undefined) throw noSuchRegistry(registryName, hosts.domain);
    const forwardedFor = headerText(facts.headers['x-forwarded-for']);
    const place = {
      registry,
      loginServer: loginServerOf(registry.name, hosts.domain),
      clientAddress: clientAddress(facts.peerAddress, forwardedFor, hosts.trustedProxies),
    };
    const { caller, expired } =
      requires.kind === 'host'
        ? { caller: anonymous(place), expired: false }
        : await admitCaller(authenticator, askedOf(requires, { facts, place, baseUrl }));
    return {
      ...place,
      requestId: requestId(facts, newId),
      caller,
      baseUrl,
      host,
      userAgent: (facts.headers['user-agent'] ?? '').slice(0, limits.userAgentCharsMax),
      method: facts.method,
      expired,
    };
  };
}

/** Lets a request in that comes from an operator's address, or throws `denied`. */
export type AdmitOperatorAddress = (facts: Pick<RequestFacts, 'peerAddress' | 'headers'>) => void;

/** Makes the admission of routes that require `operator-address`. `operators` is `--metrics-from`. */
export function createAdmitOperatorAddress(options: {
  readonly operators: AddressList;
  readonly trustedProxies: AddressList;
}): AdmitOperatorAddress {
  const { operators, trustedProxies } = options;
  return ({ peerAddress, headers }) => {
    const forwardedFor = headerText(headers['x-forwarded-for']);
    // A proxy on this machine that nobody declared makes every client look like loopback.
    const isHidden = forwardedFor !== undefined && !trustedProxies.has(peerAddress);
    const address = clientAddress(peerAddress, forwardedFor, trustedProxies);
    if (isHidden || !operators.has(address)) {
      throw new RegistryError('denied', `The address ${address} is not among those of --metrics-from.`);
    }
  };
}

function askedOf(
  requires: CredentialsRequirement,
  { facts, place, baseUrl }: { facts: RequestFacts; place: LoginPlace; baseUrl: string },
): Asked {
  const needed = neededAccess(requires, facts.repositoryName);
  const credentials = parseAuthorization(facts.headers.authorization);
  const realm = { baseUrl, loginServer: place.loginServer };
  return {
    place,
    needed,
    credentials,
    challenge: (why, message) => challengeFor(needed, realm, { why, message }),
  };
}

interface Asked {
  readonly place: LoginPlace;
  readonly needed: NeededAccess;
  readonly credentials: Credentials;
  readonly challenge: (why: ChallengeReason, message?: string) => ChallengeError;
}

/** Login, then rights. Every refusal of a login becomes a challenge that says how to come back. */
async function admitCaller(authenticator: Authenticator, asked: Asked): Promise<Authenticated> {
  const { place, needed, credentials, challenge } = asked;
  const authenticated = await login(authenticator, asked);
  const isWithout = credentials.scheme === 'none';
  if (needed.decision === undefined) {
    if (isWithout) throw challenge('unauthorized');
    return authenticated;
  }
  const { action, resourceIn } = needed.decision;
  const { id, settings } = place.registry;
  const { allowed } = authorise({ caller: authenticated.caller, action, resource: resourceIn(id) }, settings);
  if (!allowed) throw challenge(isWithout ? 'unauthorized' : 'insufficient_scope');
  return authenticated;
}

async function login(authenticator: Authenticator, asked: Asked): Promise<Authenticated> {
  const { place, needed, credentials, challenge } = asked;
  try {
    return await authenticator.authenticate(credentials, place, needed.acceptsExpired);
  } catch (error) {
    if (isRefusal(error, 'too_many_requests')) {
      throw new HttpRefusal(error.code, error.message, { headers: retryAfter(error) });
    }
    if (!isRefusal(error, 'unauthorized')) throw error;
    throw challenge(credentials.scheme === 'bearer' ? 'invalid_token' : 'unauthorized', error.message);
  }
}

const anonymous = (place: LoginPlace): Caller => ({
  principal: anonymousPrincipal(place.registry.id),
  bound: undefined,
});

/** The client's own id where it is sane, so that its logs and ours can be laid side by side. */
function requestId(facts: RequestFacts, newId: () => string): string {
  const asked = headerText(facts.headers['x-request-id']) ?? '';
  return asked.length <= limits.requestIdCharsMax && /^[\w.:-]+$/.test(asked) ? asked : newId();
}

function headerText(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.join(',');
}
