/**
 * As much of Azure Resource Manager as `az acr` asks of it before it speaks with a registry: the endpoints of the cloud,
 * one subscription, one registry. It believes tokens as Azure does: signed by the directory, for its own audience.
 */
import { createPublicKey, verify, type webcrypto } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer, get } from 'node:https';
import { text } from 'node:stream/consumers';

export interface ArmOptions {
  /** Address to listen on, at port 443. */
  readonly address: string;
  /** PEM of a certificate for the host, its key, and the authority that is trusted. */
  readonly certPem: string;
  readonly keyPem: string;
  readonly ca: string;
  /** The host's name. */
  readonly host: string;
  /** The directory; its keys lie below. */
  readonly directory: string;
  /** What clients are told to log in at: the directory, or a path of it. */
  readonly loginEndpoint: string;
  /** What tokens must be for, as clients are told it. */
  readonly audience: string;
  readonly tenantId: string;
  readonly registry: { readonly name: string; readonly loginServer: string };
}

export interface ArmStandIn extends AsyncDisposable {
  /** What was asked so far, without queries, each with its status. */
  readonly seen: readonly string[];
}

export const subscriptionId = 'c0ffee00-0000-4000-8000-000000000001';

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const error = (status: number, code: string, message: string): Answer => ({
  status,
  body: { error: { code, message } },
});

export async function startArmStandIn(options: ArmOptions): Promise<ArmStandIn> {
  const seen: string[] = [];
  const server = createServer({ cert: options.certPem, key: options.keyPem }, (request, response) => {
    const failed = (cause: unknown): Answer => error(500, 'InternalServerError', String(cause));
    void answerTo(request, options)
      .catch(failed)
      .then(({ status, body }) => {
        seen.push(`${request.method} ${pathOf(request)} ${status}`);
        const refused = status === 401 && {
          'www-authenticate': `Bearer authorization_uri="${options.loginEndpoint}"`,
        };
        response.writeHead(status, { 'content-type': 'application/json', ...refused });
        response.end(JSON.stringify(body));
      });
  });
  server.listen(443, options.address);
  await once(server, 'listening');
  return {
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const pathOf = ({ url = '/' }: IncomingMessage): string => url.replace(/\?.*$/, '');

async function answerTo(request: IncomingMessage, options: ArmOptions): Promise<Answer> {
  if (request.method === 'GET' && pathOf(request) === '/metadata/endpoints') {
    const isOld = request.url?.includes('api-version=2019-05-01') === true;
    return { status: 200, body: isOld ? [endpoints(options)] : endpoints(options) };
  }
  const reason = await whyNotBelieved(request.headers.authorization, options);
  if (reason !== undefined) return error(401, 'InvalidAuthenticationToken', reason);
  const body = resources(options).get(pathOf(request).toLowerCase());
  if (request.method === 'GET' && body !== undefined) return { status: 200, body };
  return error(404, 'ResourceNotFound', `There is no ${pathOf(request)} in this stand-in.`);
}

function endpoints({ host, loginEndpoint, audience, registry }: ArmOptions): object {
  const own = `https://${host}`;
  return {
    name: 'own',
    portal: own,
    authentication: {
      loginEndpoint,
      audiences: [audience],
      tenant: 'common',
      identityProvider: 'AAD',
    },
    resourceManager: own,
    graphAudience: `${own}/`,
    graph: `${own}/`,
    microsoftGraphResourceId: `${own}/`,
    suffixes: { acrLoginServer: registry.loginServer.replace(/^[^.]+\./, '') },
    gallery: null,
    batch: null,
    media: null,
  };
}

/** By their paths in lower case, for ARM's paths have no case. */
function resources({ tenantId, registry }: ArmOptions): ReadonlyMap<string, unknown> {
  const subscription = `/subscriptions/${subscriptionId}`;
  const id = `${subscription}/resourceGroups/own/providers/Microsoft.ContainerRegistry/registries/${registry.name}`;
  const resource = {
    id,
    name: registry.name,
    type: 'Microsoft.ContainerRegistry/registries',
    location: 'local',
  };
  const shown = { id: subscription, subscriptionId, tenantId, displayName: 'own', state: 'Enabled' };
  const usages = [{ name: 'Size', limit: 100, currentValue: 1, unit: 'Bytes' }];
  return new Map<string, unknown>([
    ['/subscriptions', { value: [shown] }],
    [subscription, shown],
    [`${subscription}/resources`, { value: [resource] }],
    [id.toLowerCase(), { ...resource, ...registryMembers(registry) }],
    [`${id.toLowerCase()}/listusages`, { value: usages }],
  ]);
}

function registryMembers({ loginServer }: ArmOptions['registry']): object {
  return {
    sku: { name: 'Premium', tier: 'Premium' },
    properties: {
      loginServer,
      provisioningState: 'Succeeded',
      creationDate: '2026-01-01T00:00:00.0000000Z',
      adminUserEnabled: false,
      anonymousPullEnabled: false,
      publicNetworkAccess: 'Enabled',
      roleAssignmentMode: 'LegacyRegistryPermissions',
    },
  };
}

interface Claims {
  readonly aud: string;
  readonly exp: number;
  readonly tid: string;
}

/** Undefined for a token that is good here; else what is wrong with it. */
async function whyNotBelieved(
  authorization: string | undefined,
  { audience, ca, directory, tenantId }: ArmOptions,
): Promise<string | undefined> {
  const [header = '', payload = '', signature = ''] = authorization?.replace(/^Bearer /, '').split('.') ?? [];
  if (signature === '') return 'A Bearer token is needed.';
  const { kid } = decoded(header) as { kid?: string };
  const { keys } = JSON.parse(await fetched(`${directory}/adfs/discovery/keys`, ca)) as {
    keys: (webcrypto.JsonWebKey & { kid: string })[];
  };
  const jwk = keys.find((key) => key.kid === kid);
  if (jwk === undefined) return 'The token was signed by somebody else.';
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const signed = Buffer.from(`${header}.${payload}`);
  if (!verify('sha256', signed, key, Buffer.from(signature, 'base64url'))) return 'The signature is wrong.';
  const { aud, exp, tid } = decoded(payload) as Claims;
  if (aud !== audience) return `The token is for ${aud}, not for ${audience}.`;
  if (exp * 1000 < Date.now()) return 'The token has expired.';
  return tid === tenantId ? undefined : 'The token is of another tenant.';
}

const decoded = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());

async function fetched(url: string, ca: string): Promise<string> {
  const [response] = (await once(get(url, { ca }), 'response')) as [IncomingMessage];
  return text(response);
}
