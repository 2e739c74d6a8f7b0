import { anonymousPrincipal } from '../access/anonymous-principal.ts';
import { authorise, type Caller } from '../access/authorise.ts';
import { isRefusal, RegistryError } from '../errors.ts';
import type { Authenticated, Authenticator } from '../identity/authenticate.ts';
import type { Directory } from '../identity/directory.ts';
import { type Credentials, parseAuthorization } from '../identity/parse-authorization.ts';
import { limits } from '../limits.ts';
import type { Admission, Admit, RequestFacts } from './admission.ts';
import type { ConnectionLogin, ConnectionLogins } from './connection-logins.ts';
import { type HostRules, loginServerOf, noSuchRegistry, resolveHost } from './hosts.ts';
import { HttpRefusal } from './http-refusal.ts';
import {
  type CredentialsRequirement,
  challengeFor,
  type NeededAccess,
  neededAccess,
  neededRight,
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
  readonly logins: ConnectionLogins;
}): Admit {
  const { logins } = options;
  const admissionOf = (login: ConnectionLogin, facts: RequestFacts, expired: boolean): Admission => ({
    registry: login.registry,
    loginServer: login.loginServer,
    clientAddress: login.clientAddress,
    host: login.host,
    baseUrl: login.baseUrl,
    caller: login.caller,
    requestId: facts.requestId,
    userAgent: (facts.headers['user-agent'] ?? '').slice(0, limits.userAgentCharsMax),
    method: facts.method,
    expired,
  });
  return (facts, { requires }) => {
    if (requires.kind === 'nothing' || requires.kind === 'operator-address') {
      throw new TypeError(`A route that requires ${requires.kind} is not under a registry.`);
    }
    const known = requires.kind === 'host' ? undefined : logins.recall(facts);
    if (known === undefined) {
      return findLogin(options, facts, requires).then(({ expired, ...login }) => {
        if (requires.kind !== 'host') decide(login, requires, facts);
        return admissionOf(login, facts, expired);
      });
    }
    if (requires.kind !== 'host') decide(known, requires, facts);
    return admissionOf(known, facts, false);
  };
}

/** Finds out from the headers who asks which registry. */
async function findLogin(
  options: Pick<Parameters<typeof createAdmit>[0], 'hosts' | 'directory' | 'authenticator' | 'logins'>,
  facts: RequestFacts,
  requires: CredentialsRequirement | { readonly kind: 'host' },
): Promise<ConnectionLogin & { readonly expired: boolean }> {
  const { hosts, directory, authenticator, logins } = options;
  const epoch = logins.epoch();
  const { registryName, host, baseUrl } = resolveHost(facts, hosts);
  const registry = await directory.registryByName(registryName);
  if (registry === undefined) throw noSuchRegistry(registryName, hosts.domain);
  const forwardedFor = headerText(facts.headers['x-forwarded-for']);
  const place = {
    registry,
    loginServer: loginServerOf(registry.name, hosts.domain),
    clientAddress: clientAddress(facts.peerAddress, forwardedFor, hosts.trustedProxies),
    host,
    baseUrl,
  };
  if (requires.kind === 'host') return { ...place, caller: anonymous(place), expired: false };
  const { caller, expired, validUntilMs } = await logIn(authenticator, askedOf(requires, facts, place));
  const login = { ...place, caller };
  // A token that is read by grace is looked at each time.
  if (!expired) logins.keep(facts, login, { epoch, validUntilMs });
  return { ...login, expired };
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

type Place = Omit<ConnectionLogin, 'caller'>;

interface Asked {
  readonly place: Place;
  readonly needed: NeededAccess;
  readonly credentials: Credentials;
}

function askedOf(requires: CredentialsRequirement, facts: RequestFacts, place: Place): Asked {
  const needed = neededAccess(requires, facts.repositoryName);
  return { place, needed, credentials: parseAuthorization(facts.headers.authorization) };
}

/** Every refusal of a login becomes a challenge that says how to come back. */
async function logIn(authenticator: Authenticator, asked: Asked): Promise<Authenticated> {
  const { place, needed, credentials } = asked;
  try {
    return await authenticator.authenticate(credentials, place, needed.acceptsExpired);
  } catch (error) {
    if (isRefusal(error, 'too_many_requests')) {
      throw new HttpRefusal(error.code, error.message, { headers: retryAfter(error) });
    }
    if (!isRefusal(error, 'unauthorized')) throw error;
    const why = credentials.scheme === 'bearer' ? 'invalid_token' : 'unauthorized';
    throw challengeFor(needed, place, { why, message: error.message });
  }
}

/** Rights are decided at every request, from what the caller may do now. */
function decide(login: ConnectionLogin, requires: CredentialsRequirement, facts: RequestFacts): void {
  const { caller, registry } = login;
  const { repositoryName: name } = facts;
  const right = neededRight(requires, { registry: registry.id, name });
  if (right !== undefined && authorise({ caller, ...right }, registry.settings).allowed) return;
  const isWithout = (facts.headers.authorization ?? '').trim() === '';
  if (right === undefined && !isWithout) return;
  const why = isWithout ? 'unauthorized' : 'insufficient_scope';
  throw challengeFor(neededAccess(requires, name), login, { why, message: undefined });
}

const anonymous = (place: Pick<ConnectionLogin, 'registry'>): Caller => ({
  principal: anonymousPrincipal(place.registry.id),
  bound: undefined,
});

function headerText(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.join(',');
}
