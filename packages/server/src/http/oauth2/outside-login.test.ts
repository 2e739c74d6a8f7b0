import { createHmac, createPublicKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { findRole } from '../../access/built-in-roles.ts';
import { tokenUser } from '../../identity/authenticate.ts';
import { newId } from '../../identity/deployment.fixture.ts';
import {
  forgedToken,
  type MadeIssuer,
  type MadeKey,
  makeKey,
  signToken,
  startIssuer,
} from '../../identity/made-issuer.fixture.ts';
import { limits } from '../../limits.ts';
import type { NewTrustedIssuer } from '../../registry/access-commands.ts';
import { basic, claimsIn, openLoginEndpoints, service } from '../login-endpoints.fixture.ts';

type Endpoints = Awaited<ReturnType<typeof openLoginEndpoints>>;

const key = makeKey('k1');
const rsa = makeKey('r1', 'RS256');
const ed25519 = makeKey('e1', 'EdDSA');
const foreign = makeKey('k1');
const scope = 'repository:app:pull,push,delete';

/** The endpoints of a registry, and an issuer whose jobs of org/app may pull from it. */
async function open() {
  const issuer = await startIssuer(key, rsa, ed25519);
  const endpoints = await openLoginEndpoints();
  await trust(endpoints, issuer, { name: 'jobs' });
  return {
    endpoints,
    issuer,
    [Symbol.asyncDispose]: async () => {
      await endpoints[Symbol.asyncDispose]();
      await issuer[Symbol.asyncDispose]();
    },
  };
}

async function trust(
  { deployment }: Endpoints,
  issuer: MadeIssuer,
  { role = 'AcrPull', ...more }: Partial<NewTrustedIssuer> & { readonly name: string },
): Promise<string> {
  const id = newId();
  const about = {
    id,
    tenant: deployment.tenant,
    issuer: issuer.url,
    audience: service,
    subject: 'repo:org/app:*',
    claims: [],
    role: findRole(role)?.id ?? role,
    scope: { kind: 'registry', registry: deployment.registry.id } as const,
    keys: null,
    jwksUri: null,
    ca: null,
  };
  await deployment.run('addTrustedIssuer', { stream: deployment.tenant, issuer: { ...about, ...more } });
  return id;
}

/** Claims of a job's token, as they should be but for what is changed. */
function claimsOf(made: { endpoints: Endpoints; issuer: MadeIssuer }, change: object = {}) {
  const now = made.endpoints.deployment.now / 1000;
  const times = { iat: now, nbf: now, exp: now + 300 };
  return { iss: made.issuer.url, sub: 'repo:org/app:ref:refs/heads/main', aud: service, ...times, ...change };
}

const exchange = (endpoints: Endpoints, token: string) =>
  endpoints.ask('/oauth2/exchange', { grant_type: 'access_token', service, access_token: token });

const askToken = (endpoints: Endpoints, password: string, user = tokenUser) =>
  endpoints.ask(`/oauth2/token?service=${service}&scope=${scope}`, undefined, basic(user, password));

const actionsIn = (answer: Awaited<ReturnType<typeof askToken>>) =>
  (claimsIn(answer, 'access_token')['access'] as { actions: string[] }[]).flatMap(({ actions }) => actions);

describe("a job's token", () => {
  test.each([
    ['a', key],
    ['an RSA', rsa],
    ['an Ed25519', ed25519],
  ])(
    'under %s key is exchanged, and is a password too, for what the role allows',
    async (_what, by: MadeKey) => {
      await using made = await open();
      const token = await signToken(by, claimsOf(made));
      const exchanged = await exchange(made.endpoints, token);
      expect(exchanged.statusCode, exchanged.body).toBe(200);
      const { refresh_token: refresh } = exchanged.json() as { refresh_token: string };
      for (const password of [refresh, token]) {
        const answer = await askToken(made.endpoints, password);
        expect(actionsIn(answer)).toEqual(['pull']);
        // One subject is one principal, by whichever way it comes.
        expect(claimsIn(answer, 'access_token')['sub']).toBe(claimsIn(exchanged, 'refresh_token')['sub']);
      }
    },
  );

  test('of another subject is another principal, and stays it', async () => {
    await using made = await open();
    const subjectIds = [];
    for (const sub of [
      'repo:org/app:pull_request',
      'repo:org/app:environment:prod',
      'repo:org/app:pull_request',
    ])
      subjectIds.push(
        claimsIn(
          await exchange(made.endpoints, await signToken(key, claimsOf(made, { sub }))),
          'refresh_token',
        )['sub'],
      );
    expect(new Set(subjectIds).size).toBe(2);
    expect(subjectIds[2]).toBe(subjectIds[0]);
  });

  test('that several trusted issuers take in gets the one that allows the most', async () => {
    await using made = await open();
    await trust(made.endpoints, made.issuer, { name: 'main', role: 'AcrPush', subject: '*:refs/heads/main' });
    const ofMain = await askToken(made.endpoints, await signToken(key, claimsOf(made)));
    expect(actionsIn(ofMain)).toEqual(['pull', 'push']);
    const ofOther = await askToken(
      made.endpoints,
      await signToken(key, claimsOf(made, { sub: 'repo:org/app:ref:refs/heads/x' })),
    );
    expect(actionsIn(ofOther)).toEqual(['pull']);
  });

  test('reaches all registries where the trusted issuer is for all, and else its own alone', async () => {
    await using made = await open();
    const { deployment, ask } = made.endpoints;
    await deployment.createRegistry('second');
    const audience = 'https://containerregistry.azure.net';
    const token = await signToken(key, claimsOf(made, { aud: [service, audience] }));
    const host = 'second.azurecr.localhost';
    const url = `/oauth2/token?service=${host}&scope=${scope}`;
    const askSecond = () => ask(url, undefined, { ...basic(tokenUser, token), host });
    expect((await askSecond()).statusCode).toBe(401);
    expect(deployment.refusedTokens.at(-1)?.reasons).toEqual(['jobs: it is for another registry']);
    const [subscription] = await deployment.reader.listSubscriptions();
    const everywhere = { kind: 'subscription', subscription: subscription?.id ?? '' } as const;
    await trust(made.endpoints, made.issuer, { name: 'all', audience, scope: everywhere });
    expect(actionsIn(await askSecond())).toEqual(['pull']);
  });
});

describe('tokens of the shapes that are in the field', () => {
  test("a cluster's service account logs in by its namespace and name", async () => {
    await using made = await open();
    const claims = [{ name: 'kubernetes.io/namespace', pattern: 'team' }];
    const subject = 'system:serviceaccount:team:*';
    await trust(made.endpoints, made.issuer, { name: 'cluster', subject, claims });
    const ofAccount = (namespace: string) => ({
      aud: [service],
      sub: 'system:serviceaccount:team:default',
      jti: 'c1d1e1f1-0000-4000-8000-000000000001',
      'kubernetes.io': {
        namespace,
        node: { name: 'worker-1', uid: 'c1d1e1f1-0000-4000-8000-000000000002' },
        pod: { name: 'app-7d4b9', uid: 'c1d1e1f1-0000-4000-8000-000000000003' },
        serviceaccount: { name: 'default', uid: 'c1d1e1f1-0000-4000-8000-000000000004' },
      },
    });
    const good = await signToken(rsa, claimsOf(made, ofAccount('team')), { typ: undefined });
    expect(actionsIn(await askToken(made.endpoints, good))).toEqual(['pull']);
    const bad = await signToken(rsa, claimsOf(made, ofAccount('other')), { typ: undefined });
    expect((await askToken(made.endpoints, bad)).statusCode).toBe(401);
  });

  test('a workflow of GitHub logs in by its repository, branch and environment', async () => {
    await using made = await open();
    const claims = [
      { name: 'repository_owner_id', pattern: '42' },
      { name: 'ref', pattern: 'refs/heads/*' },
      { name: 'job_workflow_ref', pattern: 'org/app/.github/workflows/release.yml@*' },
    ];
    const subject = 'repo:org/app:environment:production';
    await trust(made.endpoints, made.issuer, { name: 'github', role: 'AcrPush', subject, claims });
    const workflow = {
      sub: subject,
      ref: 'refs/heads/main',
      sha: '9f2c',
      repository: 'org/app',
      repository_owner: 'org',
      repository_owner_id: '42',
      run_id: '1',
      run_attempt: '1',
      environment: 'production',
      job_workflow_ref: 'org/app/.github/workflows/release.yml@refs/heads/main',
      runner_environment: 'github-hosted',
    };
    const good = await signToken(rsa, claimsOf(made, workflow), { x5t: 'ykNaY4qM_ta4k2TgZOCEYLkcYlA' });
    expect(actionsIn(await askToken(made.endpoints, good))).toEqual(['pull', 'push']);
    // The jobs of the whole repository may pull still.
    const elsewhere = await signToken(rsa, claimsOf(made, { ...workflow, repository_owner_id: '43' }));
    expect(actionsIn(await askToken(made.endpoints, elsewhere))).toEqual(['pull']);
  });
});

type Spoiled = (made: Awaited<ReturnType<typeof open>>) => Promise<string> | string;
const change =
  (claims: object | ((now: number) => object), by: MadeKey = key): Spoiled =>
  (made) => {
    const now = made.endpoints.deployment.now / 1000;
    return signToken(by, claimsOf(made, typeof claims === 'function' ? claims(now) : claims));
  };

describe('a token that is not good', () => {
  const spoiled: { what: string; token: Spoiled; why: RegExp }[] = [
    {
      what: 'for another audience',
      token: change({ aud: 'https://other.example' }),
      why: /jobs: its audience is/,
    },
    { what: 'for no audience', token: change({ aud: [] }), why: /its audience/ },
    {
      what: 'of an issuer with a slash more',
      token: async (made) => signToken(key, claimsOf(made, { iss: `${made.issuer.url}/` })),
      why: /no trusted issuer/,
    },
    {
      what: 'of another subject',
      token: change({ sub: 'repo:org/app2:ref:refs/heads/main' }),
      why: /its sub is/,
    },
    { what: 'that has expired', token: change((now) => ({ exp: now - 61 })), why: /expired/ },
    { what: 'that never expires', token: change({ exp: undefined }), why: /exp, iat or nbf/ },
    { what: 'with a text for its expiry', token: change({ exp: '9999999999' }), why: /exp, iat or nbf/ },
    { what: 'without the time of its making', token: change({ iat: undefined }), why: /exp, iat or nbf/ },
    { what: 'of the future', token: change((now) => ({ nbf: now + 61 })), why: /valid in 61 s/ },
    { what: 'made in the future', token: change((now) => ({ iat: now + 61 })), why: /valid in 61 s/ },
    {
      what: 'good for a year',
      token: change((now) => ({ exp: now + 365 * 24 * 3600 })),
      why: /for longer than/,
    },
    { what: 'of a foreign key under the same name', token: change({}, foreign), why: /signature is wrong/ },
    { what: 'of a key that is not there', token: change({}, makeKey('k9')), why: /has no key k9 for ES256/ },
    {
      what: 'without an algorithm',
      token: (made) => forgedToken({ alg: 'none', kid: 'k1' }, claimsOf(made)),
      why: /no key k1 for none/,
    },
    {
      what: 'under HS256 with the public key as the secret',
      token: (made) => {
        const pem = createPublicKey({ key: rsa.jwk as never, format: 'jwk' }).export({
          type: 'spki',
          format: 'pem',
        });
        const text = forgedToken({ alg: 'HS256', kid: 'r1' }, claimsOf(made)).slice(0, -1);
        return `${text}.${createHmac('sha256', pem).update(text).digest('base64url')}`;
      },
      why: /no key r1 for HS256/,
    },
    {
      what: 'that brings its own key',
      token: (made) => signToken(foreign, claimsOf(made), { jwk: foreign.jwk }),
      why: /signature is wrong/,
    },
    {
      what: 'that says where its key is',
      token: (made) =>
        signToken(foreign, claimsOf(made), {
          jku: `${made.issuer.url}/mine`,
          x5u: `${made.issuer.url}/mine`,
        }),
      why: /signature is wrong/,
    },
  ];
  test.each(spoiled)(
    '$what gets what every other gets, and the operator the reason',
    async ({ token, why }) => {
      await using made = await open();
      const text = await token(made);
      const answers = [await exchange(made.endpoints, text), await askToken(made.endpoints, text)];
      const bodies = answers.map(({ statusCode, body }) => [statusCode, JSON.parse(body).errors[0].message]);
      const message = "This token is not accepted here; the registry's log says why.";
      expect(bodies).toEqual([
        [401, message],
        [401, message],
      ]);
      const { refusedTokens } = made.endpoints.deployment;
      expect(refusedTokens.map(({ reasons }) => reasons)).toEqual([
        [expect.stringMatching(why)],
        [expect.stringMatching(why)],
      ]);
      expect(JSON.stringify(refusedTokens)).not.toContain(text.split('.')[2] || text);
      // No address that a token named was asked.
      expect(made.issuer.asked).not.toContain('/mine');
    },
  );

  test.each([
    [
      'too long',
      (made: Awaited<ReturnType<typeof open>>) =>
        signToken(key, claimsOf(made, { pad: 'x'.repeat(limits.tokenBytesMax) })),
    ],
    [
      'of four parts',
      async (made: Awaited<ReturnType<typeof open>>) => `${await signToken(key, claimsOf(made))}.x`,
    ],
    [
      'that asks for what is not done',
      (made: Awaited<ReturnType<typeof open>>) =>
        forgedToken({ alg: 'ES256', kid: 'k1', crit: ['exp'], exp: 1 }, claimsOf(made)),
    ],
    [
      'without a subject',
      (made: Awaited<ReturnType<typeof open>>) => signToken(key, claimsOf(made, { sub: undefined })),
    ],
  ])('%s is not even taken for one', async (_what, token) => {
    await using made = await open();
    const text = await token(made);
    expect((await exchange(made.endpoints, text)).statusCode).toBe(401);
    expect((await askToken(made.endpoints, text)).statusCode).toBe(401);
    expect(made.issuer.asked).toEqual([]);
  });

  test('costs an attempt: after twenty the subject waits, and no other does', async () => {
    await using made = await open();
    const bad = await signToken(foreign, claimsOf(made));
    const good = await signToken(key, claimsOf(made));
    for (let attempt = 0; attempt < limits.loginFailuresMax; attempt += 1)
      expect((await exchange(made.endpoints, bad)).statusCode).toBe(401);
    expect((await exchange(made.endpoints, good)).statusCode).toBe(429);
    const other = await signToken(key, claimsOf(made, { sub: 'repo:org/app:other' }));
    expect((await exchange(made.endpoints, other)).statusCode).toBe(200);
    made.endpoints.deployment.now += 61_000;
    expect((await exchange(made.endpoints, await signToken(key, claimsOf(made)))).statusCode).toBe(200);
  });

  test('is not said to be wrong while the issuer is down, and does not count', async () => {
    await using made = await open();
    made.issuer.spoiled = (response) => response.destroy();
    const token = await signToken(key, claimsOf(made));
    for (let attempt = 0; attempt < limits.loginFailuresMax + 1; attempt += 1) {
      const answer = await exchange(made.endpoints, token);
      expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '2']);
    }
    expect(made.endpoints.deployment.fetchFailures).toHaveLength(1);
  });
});

describe('what a trusted issuer yielded', () => {
  async function loggedIn(made: Awaited<ReturnType<typeof open>>) {
    const token = await signToken(key, claimsOf(made));
    const { refresh_token: refresh } = (await exchange(made.endpoints, token)).json() as {
      refresh_token: string;
    };
    const statuses = async () => [
      (await askToken(made.endpoints, refresh)).statusCode,
      (await askToken(made.endpoints, token)).statusCode,
    ];
    const [issuer] = await made.endpoints.deployment.reader.listTrustedIssuers();
    return { statuses, id: issuer?.id ?? '' };
  }

  test('ends when it is disabled, also for tokens that were handed out, and goes on afterwards', async () => {
    await using made = await open();
    const { deployment } = made.endpoints;
    const { statuses, id } = await loggedIn(made);
    expect(await statuses()).toEqual([200, 200]);
    await deployment.run('enableTrustedIssuer', { stream: deployment.tenant, id, enabled: false });
    expect(await statuses()).toEqual([401, 401]);
    const reasons = ['jobs: it is disabled; see: trusted-issuer enable'];
    expect(deployment.refusedTokens.at(-1)?.reasons).toEqual(reasons);
    await deployment.run('enableTrustedIssuer', { stream: deployment.tenant, id, enabled: true });
    expect(await statuses()).toEqual([200, 200]);
  });

  test('ends for good when it is deleted: made again, it knows nobody of before', async () => {
    await using made = await open();
    const { deployment } = made.endpoints;
    const { statuses, id } = await loggedIn(made);
    await deployment.run('deleteTrustedIssuer', { stream: deployment.tenant, id });
    expect(await statuses()).toEqual([401, 401]);
    await trust(made.endpoints, made.issuer, { name: 'jobs' });
    expect(await statuses()).toEqual([401, 200]);
  });
});
