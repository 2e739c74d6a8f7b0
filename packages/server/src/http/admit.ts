import { anonymousPrincipal } from '../access/anonymous-principal.ts';
import { authorise, type Caller } from '../access/authorise.ts';
import { isRefusal, RegistryError } from '../errors.ts';
import type { Authenticated, Authenticator } from '../identity/authenticate.ts';
import type { Directory } from '../identity/directory.ts';
import { networkOf } from '../identity/network-of.ts';
import { type Credentials, parseAuthorization } from '../identity/parse-authorization.ts';
import { limits } from '../limits.ts';
import type { CallCounter, CallLimiter } from '../rates/call-limiter.ts';
import type { Admission, Admit, RequestFacts, Requirement, RouteRequirement } from './admission.ts';
import { callCategory } from './call-category.ts';
import type { ConnectionLogin, ConnectionLogins } from './connection-logins.ts';
import {
  type HostFacts,
  type HostRules,
  hostName,
  loginServerOf,
  noSuchRegistry,
  resolveHost,
} from './hosts.ts';
import { HttpRefusal } from './http-refusal.ts';
import {
  type CredentialsRequirement,
  challengeFor,
  type NeededAccess,
  neededAccess,
  neededRight,
} from './needed-access.ts';
import { RefusedCall } from './refused-call.ts';
import { retryAfter } from './retry-after.ts';
import { type AddressList, clientAddress } from './trusted-proxies.ts';

export interface AdmitParts {
  readonly hosts: HostRules;
  readonly directory: Directory;
  readonly authenticator: Authenticator;
  readonly logins: ConnectionLogins;
  /** Undefined where calls are not limited. */
  readonly limiter?: CallLimiter | undefined;
}

/**
 * Makes the one admission: host, login, rights, rate. The network's rules join between login and rights, where both the
 * caller and the address are known. What is sent back with a challenge is not counted: else whoever asks without a login
 * could use up the calls of all who begin by asking for a challenge.
 */
export function createAdmit(options: AdmitParts): Admit {
  const { logins, limiter } = options;
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
    callsLeft: undefined,
  });
  const letIn = (
    admission: Admission,
    calls: CallCounter | undefined,
    route: RouteRequirement,
  ): Admission => {
    if (calls === undefined || limiter === undefined) return admission;
    try {
      admission.callsLeft = limiter.take(calls, callCategory(route, admission.method));
      return admission;
    } catch (error) {
      throw isRefusal(error) ? new RefusedCall(error, admission) : error;
    }
  };
  return (facts, route) => {
    const { requires } = route;
    if (isOfNoRegistry(requires)) {
      throw new TypeError(`A route that requires ${requires.kind} is not under a registry.`);
    }
    const known = requires.kind === 'host' ? undefined : logins.recall(facts);
    if (known === undefined) {
      return findLogin(options, facts, requires).then(({ expired, ...login }) => {
        if (requires.kind !== 'host') decide(login, requires, facts);
        return letIn(admissionOf(login, facts, expired), login.calls, route);
      });
    }
    if (requires.kind !== 'host') decide(known, requires, facts);
    return letIn(admissionOf(known, facts, false), known.calls, route);
  };
}

/** Finds out from the headers who asks which registry. */
async function findLogin(
  options: AdmitParts,
  facts: RequestFacts,
  requires: CredentialsRequirement | { readonly kind: 'host' },
): Promise<ConnectionLogin & { readonly expired: boolean }> {
  const { hosts, directory, authenticator, logins, limiter } = options;
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
  if (requires.kind === 'host') {
    const calls = limiter?.counter(registry, networkOf(place.clientAddress));
    return { ...place, caller: anonymous(place), calls, expired: false };
  }
  const { caller, expired, validUntilMs } = await logIn(authenticator, askedOf(requires, facts, place));
  const login = { ...place, caller, calls: limiter?.counter(registry, caller.principal.id) };
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

/**
 * Lets a request in that went to a host of ours or to Azure's metadata address, or throws `host_unknown`: a web page
 * whose name was made to point here is neither.
 */
export type AdmitMetadataHost = (facts: HostFacts) => void;

const metadataAddress = '169.254.169.254';

/** Makes the admission of routes that require `metadata`. */
export function createAdmitMetadataHost(hosts: HostRules): AdmitMetadataHost {
  return (facts) => {
    const { host } = facts.headers;
    if (typeof host === 'string' && hostName(host) === metadataAddress) return;
    resolveHost(facts, hosts);
  };
}

function isOfNoRegistry(
  requires: Requirement,
): requires is Extract<Requirement, { kind: 'nothing' | 'operator-address' | 'metadata' }> {
  const { kind } = requires;
  return kind === 'nothing' || kind === 'operator-address' || kind === 'metadata';
}

type Place = Omit<ConnectionLogin, 'caller' | 'calls'>;

interface Asked {
  readonly place: Place;
  readonly needed: NeededAccess;
  readonly credentials: Credentials;
}

function askedOf(requires: CredentialsRequirement, facts: RequestFacts, place: Place): Asked {
  const needed = neededAccess(requires, facts);
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
  throw challengeFor(neededAccess(requires, facts), login, { why, message: undefined });
}

const anonymous = (place: Pick<ConnectionLogin, 'registry'>): Caller => ({
  principal: anonymousPrincipal(place.registry.id),
  bound: undefined,
});

function headerText(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.join(',');
}
