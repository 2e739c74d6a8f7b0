import { describe, expect, test } from 'vitest';
import { type MadeRegistry, openDeployment, type TestDeployment } from '../identity/deployment.fixture.ts';
import type { RegistrySettings } from '../registry/settings.ts';
import type { Admit, RequestFacts, Requirement } from './admission.ts';
import { createAdmit, createAdmitOperatorAddress } from './admit.ts';
import { ConnectionLogins } from './connection-logins.ts';
import { createAddressList } from './trusted-proxies.ts';

const oneConnection = {};

interface Asked {
  readonly requires: Requirement;
  readonly authorization?: string;
  readonly repositoryName?: string;
  readonly headers?: Record<string, string>;
  readonly peerAddress?: string;
}

async function openAdmission(settings: Partial<RegistrySettings> = {}) {
  const deployment = await openDeployment({ settings });
  const admit = admitOf(deployment);
  const ask = async (asked: Asked) => admit(factsOf(asked), { operation: 'test', requires: asked.requires });
  return { deployment, ask, [Symbol.asyncDispose]: () => deployment[Symbol.asyncDispose]() };
}

function admitOf(deployment: TestDeployment): Admit {
  const { directory, authenticator } = deployment.identity;
  const hosts = {
    domain: 'azurecr.localhost',
    defaultRegistry: 'cerulean',
    hostnames: [],
    boundAddresses: [],
    publicUrl: undefined,
    trustedProxies: createAddressList(['10.0.0.1']),
  };
  return createAdmit({
    hosts,
    directory,
    authenticator,
    logins: new ConnectionLogins(deployment.epochs, deployment.clock),
  });
}

function factsOf(asked: Asked): RequestFacts {
  const authorization = asked.authorization === undefined ? {} : { authorization: asked.authorization };
  return {
    method: 'GET',
    requestId: 'request-1',
    headers: { host: '127.0.0.1:5000', ...authorization, ...asked.headers },
    peerAddress: asked.peerAddress ?? '192.0.2.1',
    encrypted: false,
    // All over one connection: what an earlier request proved must never leak into a later one.
    connection: oneConnection,
    repositoryName: asked.repositoryName,
  };
}

const basic = (registry: MadeRegistry, password = registry.password) =>
  `Basic ${Buffer.from(`${registry.name}:${password}`).toString('base64')}`;

async function bearer(deployment: TestDeployment, ...actions: string[]): Promise<string> {
  const audience = { registry: deployment.registry.id, loginServer: 'cerulean.azurecr.localhost' };
  const access = [{ type: 'repository', name: 'app', actions }];
  return `Bearer ${await deployment.identity.tokenIssuer.accessToken(audience, deployment.registry.principal, access)}`;
}

const login: Requirement = { kind: 'login' };
const catalog: Requirement = { kind: 'catalog' };
const on = (action: Extract<Requirement, { kind: 'repository' }>['action']): Requirement => ({
  kind: 'repository',
  action,
});
const challengeStart =
  'Bearer realm="http://127.0.0.1:5000/oauth2/token",service="cerulean.azurecr.localhost"';
const message = 'authentication required, visit https://aka.ms/acr/authorization for more information.';

describe('without credentials', () => {
  test.each<[string, Requirement, string, object[] | undefined]>([
    ['the base route', login, '', undefined],
    [
      'the catalog',
      catalog,
      ',scope="registry:catalog:*"',
      [{ Type: 'registry', Name: 'catalog', Action: '*' }],
    ],
    [
      'a pull',
      on('pull'),
      ',scope="repository:app:pull"',
      [{ Type: 'repository', Name: 'app', Action: 'pull' }],
    ],
    [
      'a push',
      on('push'),
      ',scope="repository:app:pull,push"',
      [
        { Type: 'repository', Name: 'app', Action: 'pull' },
        { Type: 'repository', Name: 'app', Action: 'push' },
      ],
    ],
    [
      'a deletion',
      on('delete'),
      ',scope="repository:app:delete"',
      [{ Type: 'repository', Name: 'app', Action: 'delete' }],
    ],
    [
      'a tag list',
      on('metadata_read'),
      ',scope="repository:app:metadata_read"',
      [{ Type: 'repository', Name: 'app', Action: 'metadata_read' }],
    ],
    [
      'a change of attributes',
      on('metadata_write'),
      ',scope="repository:app:metadata_write"',
      [{ Type: 'repository', Name: 'app', Action: 'metadata_write' }],
    ],
  ])('%s gets exactly the challenge of ACR', async (_name, requires, scope, detail) => {
    await using admission = await openAdmission();
    const refused = admission.ask({ requires, repositoryName: 'app' });
    await expect(refused).rejects.toMatchObject({
      code: 'unauthorized',
      challenge: challengeStart + scope,
      message,
      detail,
    });
  });

  test('anonymous pull lets reads in, and neither writes nor the base route', async () => {
    await using admission = await openAdmission({ anonymousPull: true });
    for (const requires of [on('pull'), on('metadata_read'), catalog]) {
      const { caller } = await admission.ask({ requires, repositoryName: 'app' });
      expect(caller.principal.kind).toBe('anonymous');
    }
    for (const requires of [login, on('push'), on('delete'), on('metadata_write')]) {
      const refused = admission.ask({ requires, repositoryName: 'app' });
      await expect(refused).rejects.toMatchObject({
        code: 'unauthorized',
        challenge: expect.not.stringContaining('error='),
      });
    }
  });

  test('the switch works from the next request on', async () => {
    await using admission = await openAdmission({ anonymousPull: true });
    await admission.ask({ requires: on('pull'), repositoryName: 'app' });
    const { registry } = admission.deployment;
    await admission.deployment.run('setRegistry', {
      registry: registry.id,
      change: { anonymousPull: false },
    });
    await expect(admission.ask({ requires: on('pull'), repositoryName: 'app' })).rejects.toMatchObject({
      code: 'unauthorized',
    });
  });

  test('the token endpoint lets everybody ask', async () => {
    await using admission = await openAdmission();
    const { caller, loginServer } = await admission.ask({
      requires: { kind: 'host' },
      authorization: 'Basic rubbish',
    });
    expect([caller.principal.kind, loginServer]).toEqual(['anonymous', 'cerulean.azurecr.localhost']);
  });
});

describe('with credentials', () => {
  test('the admin user may do everything by Basic', async () => {
    await using admission = await openAdmission();
    const authorization = basic(admission.deployment.registry);
    for (const requires of [
      login,
      catalog,
      on('pull'),
      on('push'),
      on('delete'),
      on('metadata_read'),
      on('metadata_write'),
    ]) {
      const { caller } = await admission.ask({ requires, repositoryName: 'app', authorization });
      expect(caller.principal).toMatchObject({ kind: 'admin', name: 'cerulean' });
    }
  });

  test('a good token without the right is told so, by 401 and the scope that it lacks', async () => {
    await using admission = await openAdmission();
    const authorization = await bearer(admission.deployment, 'pull');
    await admission.ask({ requires: on('pull'), repositoryName: 'app', authorization });
    const refused = admission.ask({ requires: on('metadata_write'), repositoryName: 'app', authorization });
    await expect(refused).rejects.toMatchObject({
      code: 'insufficient_scope',
      message,
      challenge: `${challengeStart},scope="repository:app:metadata_write",error="insufficient_scope"`,
      detail: [{ Type: 'repository', Name: 'app', Action: 'metadata_write' }],
    });
    const elsewhere = admission.ask({ requires: on('pull'), repositoryName: 'other', authorization });
    await expect(elsewhere).rejects.toMatchObject({ code: 'insufficient_scope' });
    await expect(admission.ask({ requires: catalog, authorization })).rejects.toMatchObject({
      code: 'insufficient_scope',
    });
  });

  test('a token of no use is challenged as such, also where none was needed', async () => {
    await using admission = await openAdmission({ anonymousPull: true });
    const refused = admission.ask({
      requires: on('pull'),
      repositoryName: 'app',
      authorization: 'Bearer a.b.c',
    });
    await expect(refused).rejects.toMatchObject({
      code: 'unauthorized',
      challenge: `${challengeStart},scope="repository:app:pull",error="invalid_token"`,
    });
  });

  test.each(['Basic bm9ib2R5Ong=', 'Basic rubbish', 'Digest x="y"'])(
    '%s is challenged',
    async (authorization) => {
      await using admission = await openAdmission();
      await expect(admission.ask({ requires: login, authorization })).rejects.toMatchObject({
        code: 'unauthorized',
        challenge: challengeStart,
      });
    },
  );

  test('wrong passwords are told when to come back', async () => {
    await using admission = await openAdmission();
    const authorization = basic(admission.deployment.registry, 'wrong');
    for (let tries = 0; tries < 20; tries += 1) {
      await expect(admission.ask({ requires: login, authorization })).rejects.toMatchObject({
        code: 'unauthorized',
      });
    }
    const refused = admission.ask({ requires: login, authorization });
    await expect(refused).rejects.toMatchObject({
      code: 'too_many_requests',
      headers: { 'Retry-After': '10' },
    });
  });

  test('a token of one registry opens no other', async () => {
    await using admission = await openAdmission();
    await admission.deployment.createRegistry('tenant', { settings: { anonymousPull: true } });
    const asked = {
      requires: on('pull'),
      repositoryName: 'app',
      authorization: await bearer(admission.deployment, 'pull'),
      headers: { host: 'tenant.azurecr.localhost:5000' },
    };
    await expect(admission.ask(asked)).rejects.toMatchObject({
      code: 'unauthorized',
      challenge: expect.stringContaining(
        'realm="http://tenant.azurecr.localhost:5000/oauth2/token",service="tenant.azurecr.localhost"',
      ),
    });
  });

  test('an expired token goes on with an upload where the route says so, while its principal may push', async () => {
    await using admission = await openAdmission();
    const { deployment, ask } = admission;
    const authorization = await bearer(deployment, 'pull', 'push');
    deployment.now += 2 * 3600 * 1000;
    const upload = {
      requires: { kind: 'repository', action: 'push', acceptsExpired: true },
      repositoryName: 'app',
      authorization,
    } as const;
    expect((await ask(upload)).expired).toBe(true);
    await expect(ask({ ...upload, requires: on('push') })).rejects.toMatchObject({ code: 'unauthorized' });
    await expect(ask({ ...upload, repositoryName: 'other' })).rejects.toMatchObject({
      code: 'insufficient_scope',
    });
    await deployment.run('setRegistry', {
      registry: deployment.registry.id,
      change: { adminUserEnabled: false },
    });
    await expect(ask(upload)).rejects.toMatchObject({ code: 'unauthorized' });
  });

  test('an expired token that could only pull continues no upload', async () => {
    await using admission = await openAdmission();
    const authorization = await bearer(admission.deployment, 'pull');
    admission.deployment.now += 2 * 3600 * 1000;
    const upload = {
      requires: { kind: 'repository', action: 'push', acceptsExpired: true },
      repositoryName: 'app',
      authorization,
    } as const;
    await expect(admission.ask(upload)).rejects.toMatchObject({ code: 'insufficient_scope' });
  });
});

describe('what an admission says', () => {
  test('is who asked, from where, and by which name for us', async () => {
    await using admission = await openAdmission();
    const headers = {
      host: 'cerulean.azurecr.localhost:5000',
      'user-agent': 'x'.repeat(1000),
      'x-forwarded-for': '203.0.113.5',
    };
    const asked = {
      requires: login,
      authorization: basic(admission.deployment.registry),
      headers,
      peerAddress: '10.0.0.1',
    };
    expect(await admission.ask(asked)).toMatchObject({
      requestId: 'request-1',
      registry: { name: 'cerulean' },
      baseUrl: 'http://cerulean.azurecr.localhost:5000',
      host: 'cerulean.azurecr.localhost:5000',
      clientAddress: '203.0.113.5',
      userAgent: 'x'.repeat(256),
      method: 'GET',
      expired: false,
    });
  });

  test('hosts that are not ours, or that have no registry, are refused before anything else', async () => {
    await using admission = await openAdmission();
    for (const host of ['evil.example', 'nobody.azurecr.localhost']) {
      await expect(admission.ask({ requires: login, headers: { host } })).rejects.toMatchObject({
        code: 'host_unknown',
      });
    }
  });

  test('routes that declare nonsense are bugs', async () => {
    await using admission = await openAdmission();
    await expect(admission.ask({ requires: { kind: 'nothing' } })).rejects.toThrow(TypeError);
    await expect(admission.ask({ requires: on('pull') })).rejects.toThrow(TypeError);
  });
});

describe('an operator address', () => {
  const admit = createAdmitOperatorAddress({
    operators: createAddressList(['127.0.0.0/8', '203.0.113.9']),
    trustedProxies: createAddressList(['10.0.0.1']),
  });

  test.each([
    ['a listed address', '127.0.0.1', {}, true],
    ['a mapped listed address', '::ffff:127.0.0.1', {}, true],
    ['another address', '192.0.2.1', {}, false],
    ['a listed address behind a trusted proxy', '10.0.0.1', { 'x-forwarded-for': '203.0.113.9' }, true],
    [
      'another address behind a trusted proxy',
      '10.0.0.1',
      { 'x-forwarded-for': '127.0.0.1, 192.0.2.1' },
      false,
    ],
    [
      'anybody behind a proxy on this machine that nobody declared',
      '127.0.0.1',
      { 'x-forwarded-for': '192.0.2.1' },
      false,
    ],
  ])('%s', (_name, peerAddress, headers, isAdmitted) => {
    const asked = () => admit({ peerAddress, headers });
    if (isAdmitted) expect(asked).not.toThrow();
    else expect(asked).toThrow(expect.objectContaining({ code: 'denied' }));
  });
});
