/** A real OpenID Connect issuer: what a realm of Keycloak gives a client logs in here, without a secret of ours. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../process/http-call.ts';
import { operateJson } from '../process/operator.ts';
import { adminOf, type PushedImage, RegistryClient } from '../process/registry-client.ts';
import { type ServerProcess, startServer } from '../process/server-process.ts';
import { clientProgram, testFolder } from './client-program.ts';
import { type Keycloak, startKeycloak } from './start-keycloak.ts';

const folder = testFolder('keycloak');
const loginServer = 'cerulean.azurecr.localhost';
const tokenUser = '00000000-0000-0000-0000-000000000000';

let server: ServerProcess;
let keycloak: Keycloak;
let image: PushedImage;

// Keycloak makes its schema at its start, which takes minutes on a small machine that does other things too.
beforeAll(async () => {
  server = await startServer({ data: join(folder, 'data') });
  image = await adminOf(server).pushImage('app', 'v1', { layer: new Uint8Array(1000) });
  keycloak = await startKeycloak(folder);
  await keycloak.createRealm('jobs', { clientId: 'builder', audience: loginServer });
  const issuer = ['--issuer', keycloak.issuer('jobs'), '--registry', 'cerulean'];
  const conditions = [
    '--subject',
    '*',
    '--claim',
    'azp=builder',
    '--claim',
    'realm_access/roles=offline_access',
  ];
  await operateJson(
    server,
    'trusted-issuer',
    'create',
    'keycloak',
    ...issuer,
    ...conditions,
    '--role',
    'AcrPush',
  );
}, 900_000);
afterAll(async () => {
  await keycloak?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

async function exchanged(token: string): Promise<{ status: number; refresh: string }> {
  const form = new URLSearchParams({ grant_type: 'access_token', service: loginServer, access_token: token });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const url = `${server.url}/oauth2/exchange`;
  const { status, text } = await call({ url, method: 'POST', headers, body: form.toString() });
  const { refresh_token: refresh = '' } = JSON.parse(text) as { refresh_token?: string };
  return { status, refresh };
}

describe("the token of a Keycloak client's service account", () => {
  test('is exchanged for a refresh token, which pulls', async () => {
    const { status, refresh } = await exchanged(await keycloak.token('jobs', 'builder'));
    expect(status).toBe(200);
    const client = new RegistryClient(server, { user: tokenUser, password: refresh });
    expect((await client.get('/v2/app/manifests/v1')).status).toBe(200);
  });

  test('pulls and pushes as the password of crane', async () => {
    const crane = clientProgram('crane');
    const host = `127.0.0.1:${server.port}`;
    const password = await keycloak.token('jobs', 'builder');
    await crane.run(['auth', 'login', host, '--username', tokenUser, '--password-stdin'], {
      input: password,
    });
    expect((await crane.run(['digest', `${host}/app:v1`])).stdout.trim()).toBe(image.digest);
    await crane.run(['copy', `${host}/app:v1`, `${host}/copied:v1`]);
    expect((await crane.run(['digest', `${host}/copied:v1`])).stdout.trim()).toBe(image.digest);
  });

  test('is refused for another client, another realm, and without our audience', async () => {
    await keycloak.createClient('jobs', { clientId: 'stranger', audience: loginServer });
    await keycloak.createClient('jobs', { clientId: 'unmapped', audience: undefined });
    await keycloak.createRealm('others', { clientId: 'builder', audience: loginServer });
    const tokens = [
      await keycloak.token('jobs', 'stranger'),
      await keycloak.token('jobs', 'unmapped'),
      await keycloak.token('others', 'builder'),
    ];
    const statuses = await Promise.all(tokens.map(async (token) => (await exchanged(token)).status));
    expect(statuses).toEqual([401, 401, 401]);
  });

  test('goes on under the new key when the realm is given one, and ends with the trust', async () => {
    const { refresh } = await exchanged(await keycloak.token('jobs', 'builder'));
    await keycloak.rotateKeys('jobs');
    const rotated = await keycloak.token('jobs', 'builder');
    // Ten seconds after the last fetch the unknown key leads to the next.
    await expect
      .poll(async () => (await exchanged(rotated)).status, { timeout: 60_000, interval: 2000 })
      .toBe(200);
    await operateJson(server, 'trusted-issuer', 'delete', 'keycloak');
    expect((await exchanged(rotated)).status).toBe(401);
    const client = new RegistryClient(server, { user: tokenUser, password: refresh });
    expect((await client.get('/v2/app/manifests/v1')).status).toBe(401);
  });
});
