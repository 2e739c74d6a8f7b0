import type { IncomingHttpHeaders } from 'node:http';
import { isGuid } from '../../identity/guid.ts';
import { ManagedIdentityError } from '../../identity/managed-identity-error.ts';
import type { IdentityCaller, IdentitySelector } from '../../identity/managed-identity-login.ts';
import { singleParameter } from '../single-parameter.ts';
import { type AddressList, plainAddress } from '../trusted-proxies.ts';

/** A request for a token of a managed identity. */
export interface MetadataRequest {
  readonly caller: IdentityCaller;
  readonly selector: IdentitySelector;
  readonly resource: string;
}

/** What a proxy writes. The address that such a request comes from is the proxy's and not the caller's. */
const proxyHeaders = [
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'forwarded',
  'via',
];

/**
 * IMDS's form. No secret is in it: what stands between a web page, or a server that fetches what it is told, and a
 * token is the header `Metadata` and the refusal of everything that went through a proxy. @throws ManagedIdentityError
 */
export function parseImdsRequest(
  query: URLSearchParams,
  from: {
    readonly headers: IncomingHttpHeaders;
    readonly peerAddress: string;
    readonly trustedProxies: AddressList;
  },
): MetadataRequest {
  const { headers, peerAddress, trustedProxies } = from;
  if (String(headers['metadata']).toLowerCase() !== 'true')
    throw invalid('Required metadata header not specified');
  const address = plainAddress(peerAddress);
  if (proxyHeaders.some((name) => headers[name] !== undefined) || trustedProxies.has(address))
    throw invalid('Requests that came through a proxy are refused: ask without X-Forwarded-For and the like');
  return { caller: { kind: 'address', address }, ...parseAsked(query) };
}

/** App Service's form: the caller proves itself by the value that it was given. @throws ManagedIdentityError */
export function parseEndpointRequest(query: URLSearchParams, headers: IncomingHttpHeaders): MetadataRequest {
  const value = headers['x-identity-header'];
  if (typeof value !== 'string' || value === '')
    throw invalid('Required header X-IDENTITY-HEADER not specified');
  return { caller: { kind: 'header', value }, ...parseAsked(query) };
}

/** The names differ between the services and their versions; they mean the same. */
const selectors = [
  ['client_id', 'clientId'],
  ['clientid', 'clientId'],
  ['object_id', 'objectId'],
  ['principal_id', 'objectId'],
  ['mi_res_id', 'resourceId'],
  ['msi_res_id', 'resourceId'],
] as const;

function parseAsked(query: URLSearchParams): Pick<MetadataRequest, 'selector' | 'resource'> {
  const resource = single(query, 'resource');
  if (resource === undefined) throw invalid('Required audience parameter not specified');
  const given = selectors.flatMap(([name, by]) => {
    const value = single(query, name);
    return value === undefined ? [] : [{ by, value }];
  });
  const [first, ...others] = given;
  if (others.length > 0) throw invalid('Only one of client_id, object_id and mi_res_id may be specified');
  return { resource, selector: first === undefined ? undefined : selectorOf(first.by, first.value) };
}

function selectorOf(by: 'clientId' | 'objectId' | 'resourceId', value: string): IdentitySelector {
  if (by === 'resourceId') return { by, path: value };
  if (!isGuid(value)) throw invalid(`The ${by === 'clientId' ? 'client_id' : 'object_id'} must be a GUID`);
  return { by, guid: value };
}

/** Empty is as not given. */
const single = (query: URLSearchParams, name: string): string | undefined =>
  singleParameter(query, name, invalid) || undefined;

const invalid = (message: string): ManagedIdentityError =>
  new ManagedIdentityError('invalid_request', message);
