import { describe, expect, test } from 'vitest';
import { anonymousPrincipalId } from '../access/anonymous-principal.ts';
import { tokenUser } from './authenticate.ts';
import type { Identity } from './create-identity.ts';
import { type MadeRegistry, newId, openDeployment, type TestDeployment } from './deployment.fixture.ts';
import { allocateLoginMemory, createLoginFailures } from './login-failures.ts';
import type { LoginPlace } from './login-place.ts';
import { createLoginQueue } from './login-queue.ts';
import { makeCredential } from './make-credential.ts';
import { newSecret } from './new-system-keys.ts';
import { createPasswordLogin } from './password-login.ts';
import { createPasswordVerifier } from './password-verifier.ts';

const basic = (user: string, password: string) => ({ scheme: 'basic', user, password }) as const;
const bearer = (token: string) => ({ scheme: 'bearer', token }) as const;
const wrong = { code: 'unauthorized', message: 'The user name or the password is wrong.' };
const pull = [{ type: 'repository', name: 'app', actions: ['pull'] }];

async function placeOf(
  deployment: TestDeployment,
  registry: MadeRegistry = deployment.registry,
): Promise<LoginPlace> {
  const row = await deployment.identity.directory.registryByName(registry.name);
  if (row === undefined) throw new Error('no such registry');
  return { registry: row, loginServer: `${registry.name}.azurecr.localhost`, clientAddress: '192.0.2.1' };
}

const audienceOf = (place: LoginPlace) => ({ registry: place.registry.id, loginServer: place.loginServer });

async function accessToken(identity: Identity, place: LoginPlace, principal: string): Promise<string> {
  return identity.tokenIssuer.accessToken(audienceOf(place), principal, pull);
}

describe('a password', () => {
  test('either of the admin user lets him in, without a bound', async () => {
    await using deployment = await openDeployment();
    const { registry, identity } = deployment;
    const place = await placeOf(deployment);
    for (const password of [registry.password, registry.password2]) {
      const { caller } = await identity.authenticator.authenticate(basic('cerulean', password), place);
      const principal = {
        kind: 'admin',
        id: registry.principal,
        name: 'cerulean',
        registry: registry.id,
        enabled: true,
      };
      expect(caller).toEqual({ principal, bound: undefined });
    }
  });

  test('that a person chose lets him in too, and again', async () => {
    await using deployment = await openDeployment({ password: 'correct horse' });
    const place = await placeOf(deployment);
    for (const password of ['correct horse', 'correct horse', deployment.registry.password2]) {
      await deployment.identity.authenticator.authenticate(basic('cerulean', password), place);
    }
    await expect(
      deployment.identity.authenticator.authenticate(basic('cerulean', 'correct horsf'), place),
    ).rejects.toMatchObject(wrong);
  });

  test.each([
    ['wrong', 'cerulean', 'wrong'],
    ['empty', 'cerulean', ''],
    ['of an unknown user', 'nobody', 'wrong'],
    ['of an unknown user with the right password of another', 'nobody', undefined],
    ['of the user in other letters', 'CERULEAN', undefined],
  ])('%s is refused with one and the same answer', async (_name, user, password) => {
    await using deployment = await openDeployment();
    const credentials = basic(user, password ?? deployment.registry.password);
    await expect(
      deployment.identity.authenticator.authenticate(credentials, await placeOf(deployment)),
    ).rejects.toMatchObject(wrong);
  });

  test('of a user who is not there is checked against as much as that of one who is', async () => {
    await using deployment = await openDeployment({ password: 'chosen' });
    const checked: string[][] = [];
    const failures = createLoginFailures(allocateLoginMemory('secret', deployment.now), deployment.clock);
    const { directory, systemKeys } = deployment.identity;
    const queue = createLoginQueue({ atOnceMax: 1, waitingMax: 1 });
    const passwords = createPasswordVerifier({ systemKeys, queue, clock: deployment.clock });
    const passwordLogin = createPasswordLogin({
      directory,
      passwords: {
        verify(credentials, password) {
          checked.push(credentials.map(({ verifierKind }) => verifierKind));
          return passwords.verify(credentials, password);
        },
      },
      failures,
      clock: deployment.clock,
      adoptVerifier: () => undefined,
    });
    await deployment.createToken('robot', '_repositories_pull');
    for (const user of ['cerulean', 'nobody', 'robot']) {
      const login = passwordLogin({ user, password: 'wrong' }, await placeOf(deployment));
      await expect(login).rejects.toMatchObject(wrong);
    }
    expect(checked[0]).toHaveLength(2);
    expect(checked[1]).toEqual(checked[0]);
    // A token's own secret is cheap to check, so the admin's costs come on top: all three take as long.
    expect(checked.slice(2)).toEqual([['hmac'], checked[0]]);
  });

  test('of one registry opens no other', async () => {
    await using deployment = await openDeployment();
    const other = await deployment.createRegistry('other');
    const place = await placeOf(deployment, other);
    const { authenticator } = deployment.identity;
    for (const user of ['cerulean', 'other']) {
      await expect(
        authenticator.authenticate(basic(user, deployment.registry.password), place),
      ).rejects.toMatchObject(wrong);
    }
  });

  test('of each registry opens its own, one after the other', async () => {
    await using deployment = await openDeployment();
    const registries = [deployment.registry, await deployment.createRegistry('other')];
    for (const registry of [...registries, ...registries]) {
      const place = await placeOf(deployment, registry);
      const { caller } = await deployment.identity.authenticator.authenticate(
        basic(registry.name, registry.password),
        place,
      );
      expect(caller.principal.id).toBe(registry.principal);
    }
  });

  test('that was changed is dead at every thread once the change was acknowledged, and the other goes on', async () => {
    await using deployment = await openDeployment({ password: 'old one' });
    const place = await placeOf(deployment);
    const threads = [deployment.identity, deployment.newIdentity()];
    for (const { authenticator } of threads)
      await authenticator.authenticate(basic('cerulean', 'old one'), place);
    await deployment.run('regenerateCredential', {
      registry: deployment.registry.id,
      principal: deployment.registry.principal,
      credential: await makeCredential({
        id: newId(),
        principal: deployment.registry.principal,
        name: 'password',
        password: 'new one',
        chosenBy: 'generator',
        verifierSecret: await deployment.identity.systemKeys.currentSecret('verifier'),
        sealingKey: { number: 1, key: deployment.registry.key },
      }),
    });
    for (const { authenticator } of threads) {
      await expect(authenticator.authenticate(basic('cerulean', 'old one'), place)).rejects.toMatchObject(
        wrong,
      );
      await authenticator.authenticate(basic('cerulean', 'new one'), place);
      await authenticator.authenticate(basic('cerulean', deployment.registry.password2), place);
    }
  });

  test('moves to a newer verifier key at the next login, and fits afterwards', async () => {
    await using deployment = await openDeployment({ password: 'chosen' });
    await deployment.run('putSystemKey', newSecret(deployment.ring, 'verifier', 2));
    const place = await placeOf(deployment);
    await deployment.identity.authenticator.authenticate(basic('cerulean', 'chosen'), place);
    await new Promise((resolve) => setImmediate(resolve));
    const rows = await deployment.reader.listCredentials(deployment.registry.principal);
    expect(Object.fromEntries(rows.map(({ name, verifierVersion }) => [name, verifierVersion]))).toEqual({
      password: 2,
      password2: 1,
    });
    await deployment.newIdentity().authenticator.authenticate(basic('cerulean', 'chosen'), place);
    expect(deployment.adoptionFailures).toEqual([]);
  });

  test('that is wrong twenty times stops its user at its address only, and leaves tokens alone', async () => {
    await using deployment = await openDeployment();
    const place = await placeOf(deployment);
    const { authenticator } = deployment.identity;
    for (let tries = 0; tries < 20; tries += 1) {
      await expect(
        authenticator.authenticate(basic('cerulean', `guess ${tries}`), place),
      ).rejects.toMatchObject(wrong);
    }
    const right = basic('cerulean', deployment.registry.password);
    await expect(authenticator.authenticate(right, place)).rejects.toMatchObject({
      code: 'too_many_requests',
      detail: { retryAfterSeconds: 10 },
    });
    await authenticator.authenticate(right, { ...place, clientAddress: '192.0.2.2' });
    const token = await accessToken(deployment.identity, place, deployment.registry.principal);
    await authenticator.authenticate(bearer(token), place);
    deployment.now += 10_000;
    await authenticator.authenticate(right, place);
  });

  test('of a user who is disabled is right but lets nobody in', async () => {
    await using deployment = await openDeployment({ settings: { adminUserEnabled: false } });
    const right = basic('cerulean', deployment.registry.password);
    await expect(
      deployment.identity.authenticator.authenticate(right, await placeOf(deployment)),
    ).rejects.toMatchObject({
      code: 'unauthorized',
      message: 'Login is refused: the admin user is disabled in this registry.',
    });
  });
});

describe('a token', () => {
  test('carries its claims as a bound, and the principal as he is now', async () => {
    await using deployment = await openDeployment();
    const place = await placeOf(deployment);
    const token = await accessToken(deployment.identity, place, deployment.registry.principal);
    const { caller, expired } = await deployment
      .newIdentity()
      .authenticator.authenticate(bearer(token), place);
    expect(caller).toMatchObject({
      principal: { kind: 'admin', id: deployment.registry.principal },
      bound: pull,
    });
    expect(expired).toBe(false);
  });

  test('dies at once when the admin user is disabled', async () => {
    await using deployment = await openDeployment();
    const place = await placeOf(deployment);
    const token = await accessToken(deployment.identity, place, deployment.registry.principal);
    await deployment.identity.authenticator.authenticate(bearer(token), place);
    await deployment.run('setRegistry', {
      registry: deployment.registry.id,
      change: { adminUserEnabled: false },
    });
    await expect(
      deployment.identity.authenticator.authenticate(bearer(token), await placeOf(deployment)),
    ).rejects.toMatchObject({
      code: 'unauthorized',
    });
  });

  test('dies with its registry, and a registry of the same name does not revive it', async () => {
    await using deployment = await openDeployment();
    const first = await deployment.createRegistry('tenant');
    const place = await placeOf(deployment, first);
    const token = await accessToken(deployment.identity, place, first.principal);
    await deployment.run('deleteRegistry', { registry: first.id });
    expect(await deployment.identity.directory.registryByName('tenant')).toBeUndefined();
    await expect(deployment.identity.authenticator.authenticate(bearer(token), place)).rejects.toMatchObject({
      code: 'unauthorized',
    });
    const second = await deployment.createRegistry('tenant');
    const newPlace = await placeOf(deployment, second);
    await expect(
      deployment.identity.authenticator.authenticate(bearer(token), newPlace),
    ).rejects.toMatchObject({ code: 'unauthorized' });
  });

  test('of nobody is nobody', async () => {
    await using deployment = await openDeployment();
    const place = await placeOf(deployment);
    const token = await accessToken(deployment.identity, place, newId());
    await expect(deployment.identity.authenticator.authenticate(bearer(token), place)).rejects.toMatchObject({
      code: 'unauthorized',
    });
  });

  test('of a principal of another registry is worth nothing, even if it was signed for this one', async () => {
    await using deployment = await openDeployment();
    const other = await deployment.createRegistry('other');
    const place = await placeOf(deployment);
    const token = await accessToken(deployment.identity, place, other.principal);
    await expect(deployment.identity.authenticator.authenticate(bearer(token), place)).rejects.toMatchObject({
      code: 'unauthorized',
    });
  });

  test('of an anonymous caller works while anonymous pull is on', async () => {
    await using deployment = await openDeployment({ settings: { anonymousPull: true } });
    const place = await placeOf(deployment);
    const token = await accessToken(deployment.identity, place, anonymousPrincipalId);
    const { caller } = await deployment.identity.authenticator.authenticate(bearer(token), place);
    expect(caller).toMatchObject({ principal: { kind: 'anonymous' }, bound: pull });
    await deployment.run('setRegistry', {
      registry: deployment.registry.id,
      change: { anonymousPull: false },
    });
    await expect(
      deployment.identity.authenticator.authenticate(bearer(token), await placeOf(deployment)),
    ).rejects.toMatchObject({
      code: 'unauthorized',
    });
  });

  test('that has expired is read for a week where that is accepted, and nowhere else', async () => {
    await using deployment = await openDeployment();
    const place = await placeOf(deployment);
    const { authenticator } = deployment.identity;
    const token = await accessToken(deployment.identity, place, deployment.registry.principal);
    deployment.now += (4500 + 60) * 1000;
    await expect(authenticator.authenticate(bearer(token), place)).rejects.toMatchObject({
      code: 'unauthorized',
    });
    expect(await authenticator.authenticate(bearer(token), place, true)).toMatchObject({
      expired: true,
      caller: { bound: pull },
    });
    deployment.now += 7 * 24 * 3600 * 1000;
    await expect(authenticator.authenticate(bearer(token), place, true)).rejects.toMatchObject({
      code: 'unauthorized',
    });
  });
});

describe('a refresh token', () => {
  test('is the password of the null GUID, and nothing else is', async () => {
    await using deployment = await openDeployment();
    const place = await placeOf(deployment);
    const { authenticator, tokenIssuer } = deployment.identity;
    const refresh = await tokenIssuer.refreshToken(audienceOf(place), deployment.registry.principal);
    const { caller } = await authenticator.authenticate(basic(tokenUser, refresh), place);
    expect(caller).toMatchObject({ principal: { id: deployment.registry.principal }, bound: undefined });
    const access = await accessToken(deployment.identity, place, deployment.registry.principal);
    for (const password of [access, deployment.registry.password, '']) {
      await expect(authenticator.authenticate(basic(tokenUser, password), place)).rejects.toMatchObject({
        code: 'unauthorized',
      });
    }
    await expect(authenticator.authenticate(bearer(refresh), place)).rejects.toMatchObject({
      code: 'unauthorized',
    });
  });
});

test('no credentials are an anonymous caller, and odd ones are refused', async () => {
  await using deployment = await openDeployment();
  const place = await placeOf(deployment);
  const { caller } = await deployment.identity.authenticator.authenticate({ scheme: 'none' }, place);
  expect(caller.principal.kind).toBe('anonymous');
  await expect(
    deployment.identity.authenticator.authenticate({ scheme: 'unknown' }, place),
  ).rejects.toMatchObject({ code: 'unauthorized' });
});
