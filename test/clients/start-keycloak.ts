import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { startProcess } from '../tools/background-process.ts';
import { freeLoopbackPort } from '../tools/free-loopback-port.ts';
import { toolFile } from '../tools/tool-location.ts';
import { clientEnvironment } from './client-program.ts';

interface NewClient {
  readonly clientId: string;
  /** What its tokens are for, beside Keycloak itself. */
  readonly audience: string | undefined;
}

/** A Keycloak of a test, which keeps everything in memory. */
export interface Keycloak extends AsyncDisposable {
  issuer(realm: string): string;
  createRealm(realm: string, client: NewClient): Promise<void>;
  createClient(realm: string, client: NewClient): Promise<void>;
  /** An access token by client credentials. */
  token(realm: string, clientId: string): Promise<string>;
  /** Gives the realm a further key that signs from now on. */
  rotateKeys(realm: string): Promise<void>;
}

const startMs = 840_000;
const secret = randomBytes(16).toString('hex');

/** Starts Keycloak on a free port of loopback and waits until it answers. */
export async function startKeycloak(folder: string): Promise<Keycloak> {
  const base = `http://127.0.0.1:${await freeLoopbackPort()}`;
  const running = startProcess('sh', [toolFile('keycloak'), 'start', '--optimized', ...flags(base)], {
    env: {
      ...clientEnvironment(folder),
      KC_BOOTSTRAP_ADMIN_USERNAME: 'admin',
      KC_BOOTSTRAP_ADMIN_PASSWORD: secret,
      // It starts faster with the quick compiler alone, and serves a handful of requests.
      JAVA_OPTS_APPEND: '-XX:TieredStopAtLevel=1',
      JAVA_OPTS_KC_HEAP: '-Xms64m -Xmx512m',
    },
    logFile: join(folder, 'keycloak.log'),
    stopTimeoutMs: 60_000,
  });
  try {
    await running.waitUntil(() => answers(`${base}/realms/master`), startMs);
  } catch (error) {
    await running[Symbol.asyncDispose]();
    throw error;
  }
  return {
    ...administration(base),
    issuer: (realm) => `${base}/realms/${realm}`,
    token: (realm, clientId) =>
      tokenOf(base, realm, { grant_type: 'client_credentials', client_id: clientId, client_secret: secret }),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

const flags = (base: string): string[] => [
  '--http-enabled=true',
  '--http-host=127.0.0.1',
  `--http-port=${new URL(base).port}`,
  `--hostname=${base}`,
];

function administration(base: string): Pick<Keycloak, 'createRealm' | 'createClient' | 'rotateKeys'> {
  const post = async (path: string, document: object): Promise<void> => {
    const login = { grant_type: 'password', client_id: 'admin-cli', username: 'admin', password: secret };
    const headers = {
      authorization: `Bearer ${await tokenOf(base, 'master', login)}`,
      'content-type': 'application/json',
    };
    const url = `${base}/admin/realms${path}`;
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(document) });
    if (response.status !== 201) throw new Error(`POST ${url}: ${response.status} ${await response.text()}`);
  };
  return {
    createRealm: (realm, client) => post('', { realm, enabled: true, clients: [clientOf(client)] }),
    createClient: (realm, client) => post(`/${realm}/clients`, clientOf(client)),
    rotateKeys: (realm) =>
      post(`/${realm}/components`, {
        name: 'newer',
        providerId: 'rsa-generated',
        providerType: 'org.keycloak.keys.KeyProvider',
        config: { priority: ['200'], active: ['true'], enabled: ['true'], algorithm: ['RS256'] },
      }),
  };
}

function clientOf({ clientId, audience }: NewClient): object {
  const mapper = {
    name: 'registry',
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: { 'included.custom.audience': audience, 'access.token.claim': 'true' },
  };
  const flow = { serviceAccountsEnabled: true, standardFlowEnabled: false };
  return { clientId, secret, ...flow, protocolMappers: audience === undefined ? [] : [mapper] };
}

async function tokenOf(base: string, realm: string, form: Record<string, string>): Promise<string> {
  const url = `${base}/realms/${realm}/protocol/openid-connect/token`;
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form) });
  const { access_token: token } = (await response.json()) as { access_token?: string };
  if (token === undefined) throw new Error(`POST ${url}: ${response.status}`);
  return token;
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
    await response.arrayBuffer();
    return response.status === 200;
  } catch (error) {
    // Nobody listens yet, or the answer is too slow: the caller asks again.
    if (error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError'))
      return false;
    throw error;
  }
}
