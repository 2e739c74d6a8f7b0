/**
 * The Azure CLI, unmodified: from a cloud of one's own to the content of a registry, over TLS with the server's own
 * authority. Its commands run one after another, each against what those before it have left.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../process/http-call.ts';
import { manifestType, type PushedImage, RegistryClient, sha256 } from '../process/registry-client.ts';
import { type ServerProcess, startServer } from '../process/server-process.ts';
import { type ArmOptions, type ArmStandIn, startArmStandIn, subscriptionId } from './azure/arm-stand-in.ts';
import { type AzClient, azClient } from './azure/az-client.ts';
import { callsOf } from './azure/client-calls.ts';
import { createDirectoryLogin, type DirectoryLogin } from './azure/directory-login.ts';
import { testFolder } from './client-program.ts';
import { nameHosts } from './sealed-network.ts';

const folder = testFolder('az');
const name = 'cerulean';
// Without a port, for check-health looks the whole login server up as a name.
const loginServer = `${name}.azurecr.localhost`;
const directory = `https://${loginServer}`;
const armHost = 'management.azurecr.localhost';
const app = 'apps/web';

let server: ServerProcess;
let caFile: string;
let ca: string;
let login: DirectoryLogin;
let admin: RegistryClient;
/** Logged in by the tests of the first block, and used by all below. */
let az: AzClient;
const images: Record<string, PushedImage> = {};
/** What has worked, as test/clients/azure/client-calls.ts names it. */
const worked = new Set<string>();

beforeAll(async () => {
  await nameHosts(folder, [`127.0.0.1 ${loginServer}`, `127.0.0.2 ${armHost}`]);
  const data = join(folder, 'data');
  server = await startServer({ data, args: ['--tls', 'auto', '--port', '443', '--workers', '2'] });
  caFile = join(data, 'tls', 'ca.pem');
  ca = await readFile(caFile, 'utf8');
  const roles = ['Contributor'];
  login = await createDirectoryLogin(server, { name: 'ci', roles, folder });
  admin = new RegistryClient(server, { user: name, password: server.password, ca });
  for (const tag of ['v1', 'v2', 'v3'])
    images[tag] = await admin.pushImage(app, tag, { layer: Buffer.from(`layer of ${tag}`) });
  await admin.pushImage('base', 'v1', { layer: Buffer.from('base') });
  az = azClient('own', caFile);
});
afterAll(async () => server[Symbol.asyncDispose]());

const digestOf = (tag: string): string => images[tag]?.digest ?? '';
/** The resource manager, at the name that the tests have for it. */
async function openArm(options: Partial<ArmOptions> = {}): Promise<ArmStandIn> {
  return startArmStandIn({
    address: '127.0.0.2',
    // The server's certificate is for all names below its domain.
    certPem: await readFile(join(folder, 'data', 'tls', 'server.pem'), 'utf8'),
    keyPem: await readFile(join(folder, 'data', 'tls', 'server-key.pem'), 'utf8'),
    ca,
    host: armHost,
    directory,
    loginEndpoint: `${directory}/adfs`,
    audience: directory,
    tenantId: login.tenantId,
    registry: { name, loginServer },
    ...options,
  });
}

/** Runs `az acr …`; its first words are its name. */
async function acr<Result>(command: string, ...words: string[]): Promise<Result> {
  const result = await az.json<Result>('acr', ...command.split(' '), ...words);
  worked.add(command);
  return result;
}

const logIn = ['login', '--service-principal', '--tenant'];

describe('az', () => {
  let standIn: ArmStandIn;
  beforeAll(async () => {
    standIn = await openArm();
  });
  afterAll(async () => standIn[Symbol.asyncDispose]());

  test('registers a cloud from the address of its resource manager alone', async () => {
    await az.json('cloud', 'register', '--name', 'own', '--endpoint-resource-manager', `https://${armHost}`);
    await az.json('cloud', 'set', '--name', 'own');
    const { endpoints, suffixes } = await az.json<Record<string, Record<string, string>>>('cloud', 'show');
    expect([endpoints?.['activeDirectory'], suffixes?.['acrLoginServerEndpoint']]).toEqual([
      `${directory}/adfs`,
      '.azurecr.localhost',
    ]);
  });

  test('is told the reason for a wrong secret', async () => {
    const words = [...logIn, login.tenantId, '--username', login.clientId, '--password', 'wrong'];
    const { code, stderr } = await az.attempt(...words);
    expect([code, stderr]).toEqual([1, expect.stringContaining('AADSTS7000215')]);
  });

  test('logs a service principal in with its secret, by /adfs with instance discovery left on', async () => {
    const words = [...logIn, login.tenantId, '--username', login.clientId, '--password', login.secret];
    expect(await az.json(...words)).toMatchObject([{ id: subscriptionId, tenantId: login.tenantId }]);
  });

  test('gives its login to docker and the like', async () => {
    const shown = await acr<Record<string, string>>('login', '--name', name, '--expose-token');
    expect([shown['loginServer'], shown['username']]).toEqual([
      loginServer,
      '00000000-0000-0000-0000-000000000000',
    ]);
    const docker = new RegistryClient(server, {
      user: '00000000-0000-0000-0000-000000000000',
      password: shown['accessToken'] ?? '',
      ca,
    });
    expect((await docker.get(`/v2/${app}/manifests/v1`)).status).toBe(200);
  });

  test('checks the health of a registry, up to all rights on a repository', async () => {
    const words = ['--name', name, '--repository', app, '--ignore-errors', '--yes'];
    const { stderr } = await az.attempt('acr', 'check-health', ...words);
    worked.add('check-health');
    expect(stderr).toContain(`DNS lookup to ${loginServer} at IP 127.0.0.1 : OK`);
    expect(stderr).toContain(`Challenge endpoint ${directory}/v2/ : OK`);
    expect(stderr).toContain(`Fetch refresh token for registry '${loginServer}' : OK`);
    expect(stderr).toContain(`Fetch access token for repository '${app}' in registry '${loginServer}' : OK`);
  });

  test('lists and shows repositories and tags', async () => {
    expect(await acr('repository list', '--name', name)).toEqual([app, 'base']);
    expect(await acr('repository show', '--name', name, '--repository', app)).toMatchObject({
      registry: loginServer,
      imageName: app,
      manifestCount: 3,
      tagCount: 3,
      changeableAttributes: { deleteEnabled: true, listEnabled: true, readEnabled: true, writeEnabled: true },
    });
    expect(await acr('repository show', '--name', name, '--image', `${app}:v1`)).toMatchObject({
      name: 'v1',
      digest: digestOf('v1'),
    });
    const words = ['--name', name, '--repository', app, '--orderby'];
    expect(await acr('repository show-tags', ...words, 'time_desc', '--top', '2')).toEqual(['v3', 'v2']);
    expect(await acr('repository show-tags', ...words, 'time_asc')).toEqual(['v1', 'v2', 'v3']);
  });

  test('locks repositories and tags, and unlocks them', async () => {
    const tag = ['--name', name, '--image', `${app}:v1`];
    const flags = ['--write-enabled', 'false', '--delete-enabled', 'false'];
    expect(await acr('repository update', ...tag, ...flags)).toMatchObject({
      changeableAttributes: { deleteEnabled: false, writeEnabled: false },
    });
    const image = images['v2']?.manifest ?? '';
    expect((await admin.putManifest(app, 'v1', image)).status).toBe(405);
    const { code, stderr } = await az.attempt('acr', 'repository', 'untag', ...tag);
    expect([code, stderr]).toEqual([1, expect.stringContaining('disallowed')]);
    await acr('repository update', ...tag, '--write-enabled', 'true', '--delete-enabled', 'true');
    const repository = ['--name', name, '--repository', app];
    expect(await acr('repository update', ...repository, '--list-enabled', 'false')).toMatchObject({
      changeableAttributes: { listEnabled: false },
    });
    expect(await acr('repository list', '--name', name)).toEqual(['base']);
    await acr('repository update', ...repository, '--list-enabled', 'true');
  });

  test('shows manifests, what is known of them, and what refers to them', async () => {
    const of = (reference: string) => ['--registry', name, '--name', reference];
    // Written out, the name has a login server that az compares with its cloud's.
    expect(await acr('manifest show', `${loginServer}/${app}:v1`)).toEqual(
      JSON.parse(images['v1']?.manifest ?? ''),
    );
    const list = await acr<object[]>('manifest list', ...of(app));
    expect(list).toHaveLength(3);
    const metadata = await acr<{ digest: string }[]>(
      'manifest list-metadata',
      ...of(app),
      '--orderby',
      'time_asc',
    );
    expect(metadata.map(({ digest }) => digest)).toEqual(['v1', 'v2', 'v3'].map(digestOf));
    expect(await acr('manifest show-metadata', ...of(`${app}@${digestOf('v1')}`))).toMatchObject({
      digest: digestOf('v1'),
      architecture: 'amd64',
      os: 'linux',
      tags: ['v1'],
    });
    const referrer = await pushReferrer();
    const { manifests } = await acr<{ manifests: object[] }>('manifest list-referrers', ...of(`${app}:v1`));
    expect(manifests).toMatchObject([{ digest: referrer, artifactType: 'application/vnd.example.note' }]);
  });

  test('locks and unlocks manifests', async () => {
    const words = ['--registry', name, '--name', `${app}:v1`, '--delete-enabled'];
    expect(await acr('manifest update-metadata', ...words, 'false')).toMatchObject({
      changeableAttributes: { deleteEnabled: false },
    });
    const { code } = await az.attempt('acr', 'manifest', 'delete', ...words.slice(0, 4), '--yes');
    expect(code).toBe(1);
    await acr('manifest update-metadata', ...words, 'true');
  });

  test('says that soft delete is off, where it is asked for what was deleted', async () => {
    const commands = [
      ['repository', 'list-deleted', '--name', name],
      ['manifest', 'list-deleted', '--registry', name, '--name', app],
      ['manifest', 'list-deleted-tags', '--registry', name, '--name', app],
      ['manifest', 'restore', '--registry', name, '--name', `${app}:v1`, '--digest', digestOf('v1'), '--yes'],
    ];
    for (const words of commands) {
      const { code, stderr } = await az.attempt('acr', ...words);
      expect([words, code, stderr]).toEqual([words, 1, expect.stringContaining('Soft delete is off')]);
    }
  });

  test('deletes tags, manifests, images and repositories', async () => {
    await acr('repository untag', '--name', name, '--image', `${app}:v3`);
    expect((await admin.get(`/v2/${app}/manifests/v3`)).status).toBe(404);
    expect((await admin.get(`/v2/${app}/manifests/${digestOf('v3')}`)).status).toBe(200);
    await acr('manifest delete', '--registry', name, '--name', `${app}@${digestOf('v3')}`, '--yes');
    expect((await admin.get(`/v2/${app}/manifests/${digestOf('v3')}`)).status).toBe(404);
    await acr('repository delete', '--name', name, '--image', `${app}:v2`, '--yes');
    expect((await admin.get(`/v2/${app}/manifests/${digestOf('v2')}`)).status).toBe(404);
    await acr('repository delete', '--name', name, '--repository', app, '--yes');
    expect((await admin.get(`/acr/v1/${app}`)).status).toBe(404);
  });

  test('did all that is written down of it', () => {
    expect([...worked].sort()).toEqual(callsOf('az'));
  });

  test('asked its resource manager with tokens that it believes, and for nothing that it has not', () => {
    expect(standIn.seen.filter((line) => !line.endsWith(' 200'))).toEqual([]);
    expect(standIn.seen.length).toBeGreaterThan(10);
  });
});

/** Pushes something that refers to v1, and returns its digest. */
async function pushReferrer(): Promise<string> {
  const empty = await admin.pushBlob(app, '{}');
  const subject = { mediaType: manifestType, digest: digestOf('v1'), size: images['v1']?.manifest.length };
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    artifactType: 'application/vnd.example.note',
    config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: empty, size: 2 },
    layers: [{ mediaType: 'application/vnd.oci.empty.v1+json', digest: empty, size: 2 }],
    subject,
  });
  expect((await admin.putManifest(app, sha256(manifest), manifest)).status).toBe(201);
  return sha256(manifest);
}

describe('az with the tenant in the place of /adfs, and with the audience of Azure', () => {
  const audience = 'https://management.core.windows.net/';
  let standIn: ArmStandIn;
  beforeAll(async () => {
    standIn = await openArm({ loginEndpoint: directory, audience });
  });
  afterAll(async () => standIn[Symbol.asyncDispose]());

  /** A configuration of its own, with its cloud. */
  async function client(label: string): Promise<AzClient> {
    const own = azClient(label, caFile, { AZURE_CORE_INSTANCE_DISCOVERY: 'false' });
    await own.json('cloud', 'register', '--name', 'own', '--endpoint-resource-manager', `https://${armHost}`);
    await own.json('cloud', 'set', '--name', 'own');
    return own;
  }

  test('logs in with a certificate, without instance discovery', async () => {
    const own = await client('certificate');
    await own.json(
      ...logIn,
      login.tenantId,
      '--username',
      login.clientId,
      '--certificate',
      login.certificateFile,
    );
    expect(await own.json('acr', 'repository', 'list', '--name', name)).toEqual(['base']);
  });

  test('logs in with a token of another issuer', async () => {
    const own = await client('federated');
    const token = await readFile(login.tokenFile, 'utf8');
    await own.json(...logIn, login.tenantId, '--username', login.clientId, '--federated-token', token);
    expect(await own.json('acr', 'repository', 'show', '--name', name, '--image', 'base:v1')).toMatchObject({
      name: 'v1',
    });
  });
});

test('az reads a registry at any port without a login of its own and without a resource manager', async () => {
  const data = join(folder, 'other');
  await using other = await startServer({ data, args: ['--tls', 'auto'] });
  const reader = await createDirectoryLogin(other, { name: 'reader', roles: ['AcrPull'], folder });
  const own = azClient('bare', join(data, 'tls', 'ca.pem'));
  const place = `https://${loginServer}:${other.port}`;
  const words = ['--name', 'own', '--skip-endpoint-discovery', '--endpoint-resource-manager', place];
  words.push('--endpoint-active-directory', `${place}/adfs`);
  words.push('--endpoint-active-directory-resource-id', place);
  words.push('--suffix-acr-login-server-endpoint', `.azurecr.localhost:${other.port}`);
  await own.json('cloud', 'register', ...words);
  await own.json('cloud', 'set', '--name', 'own');
  const client = new RegistryClient(other, {
    user: name,
    password: other.password,
    ca: await readFile(join(data, 'tls', 'ca.pem'), 'utf8'),
  });
  await client.pushImage('base', 'v1', { layer: Buffer.from('base') });
  const principal = ['--name', name, '--username', reader.clientId, '--password', reader.secret];
  expect(await own.json('acr', 'repository', 'list', ...principal)).toEqual(['base']);
  const adminUser = ['--name', name, '--username', name, '--password', other.password];
  const shown = await own.json('acr', 'repository', 'show-tags', '--repository', 'base', ...adminUser);
  expect(shown).toEqual(['v1']);
});

test('the stand-in believes no token that is for something else', async () => {
  await using standIn = await openArm();
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: login.clientId,
    client_secret: login.secret,
    scope: 'https://containerregistry.azure.net/.default',
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const url = `${directory}/adfs/oauth2/token`;
  const given = await call({ url, ca, method: 'POST', headers, body: form.toString() });
  const { access_token: token } = JSON.parse(given.text) as { access_token: string };
  const subscriptions = `https://${armHost}/subscriptions`;
  const refused = await call({ url: subscriptions, ca, headers: { authorization: `Bearer ${token}` } });
  expect([refused.status, refused.text]).toEqual([401, expect.stringContaining('The token is for')]);
  expect(standIn.seen).toEqual(['GET /subscriptions 401']);
  // The kubelet's plugin reads this older form.
  const old = await call({ url: `https://${armHost}/metadata/endpoints?api-version=2019-05-01`, ca });
  expect(JSON.parse(old.text)).toMatchObject([{ name: 'own', authentication: { audiences: [directory] } }]);
});
