/**
 * Azure's own libraries, unmodified, over TLS with the server's own authority: each logs in in every way that a service
 * principal has, and does every operation that it offers.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operateJson } from '../process/operator.ts';
import { type ServerProcess, startServer } from '../process/server-process.ts';
import { runCommand } from '../tools/run-command.ts';
import { builtToolFolder, toolFile } from '../tools/tool-location.ts';
import { callsOf } from './azure/client-calls.ts';
import { createDirectoryLogin, type DirectoryLogin } from './azure/directory-login.ts';
import { clientEnvironment, testFolder } from './client-program.ts';

const folder = testFolder('azure-identity');
const programs = join(import.meta.dirname, 'azure');

/** The program that works with each pair of libraries, and the methods that are its own and nobody's operation. */
const libraries = {
  '@azure/identity with @azure/container-registry': {
    kind: 'npm',
    words: () => [process.execPath, join(programs, 'operations-node.ts'), builtToolFolder('azureNode')],
    // Its declarations call these private.
    inner: [
      'ContainerRegistryClient.listRepositoriesPage',
      'ContainerRegistryClient.listRepositoryItems',
      'ContainerRepository.listManifestsItems',
      'ContainerRepository.listManifestsPage',
      'RegistryArtifact.getDigest',
      'RegistryArtifact.listTagsItems',
      'RegistryArtifact.listTagsPage',
    ],
  },
  'azure-identity with azure-containerregistry': {
    kind: 'pypi',
    words: () => [toolFile('azurePython'), join(programs, 'operations.py')],
    // Closes connections.
    inner: ['close'],
  },
  'azidentity with azcontainerregistry': {
    kind: 'go',
    words: () => [toolFile('azureGoOperations')],
    inner: [],
  },
} as const;

type Library = (typeof libraries)[keyof typeof libraries];

let server: ServerProcess;
let ca: string;
let login: DirectoryLogin;

beforeAll(async () => {
  server = await startServer({ data: join(folder, 'data'), args: ['--tls', 'auto', '--workers', '2'] });
  ca = /own authority, (\S+)\. To trust it/.exec(server.stdout())?.[1] ?? '';
  const roles = ['Contributor'];
  login = await createDirectoryLogin(server, { name: 'ci', roles, folder });
});
afterAll(async () => server[Symbol.asyncDispose]());

interface Outcome {
  readonly called?: readonly string[];
  readonly there?: readonly string[];
  readonly refused?: string;
}

/** Runs a library's program; it fails when an answer was not what it should be. */
async function outcome({ kind, words }: Library, given: Readonly<Record<string, string>>): Promise<Outcome> {
  const [program = '', ...args] = words();
  const endpoint = `https://localhost:${server.port}`;
  const common = { endpoint, authority: endpoint, tenant: 'adfs', clientId: login.clientId };
  const input = JSON.stringify({ ...common, repository: `sdk/${kind}`, ...given });
  const trust = { NODE_EXTRA_CA_CERTS: ca, REQUESTS_CA_BUNDLE: ca, SSL_CERT_FILE: ca };
  const env = { ...clientEnvironment(folder), ...trust, PYTHONWARNINGS: 'ignore' };
  const { stdout } = await runCommand(program, args, { env, cwd: folder, input });
  return JSON.parse(stdout) as Outcome;
}

describe.each(Object.entries(libraries))('%s', (_name, library) => {
  const work = 'login, read and write';
  /** That it came to its end: it looks at the tag last. */
  const readLast = expect.objectContaining({
    called: expect.arrayContaining([expect.stringMatching(/get_?tag_?properties$/i)]),
  });

  test('does every operation that it has, logged in with a client secret', async () => {
    const { called = [], there = [] } = await outcome(library, { secret: login.secret, work: 'everything' });
    const operations = callsOf(library.kind);
    const inner: readonly string[] = library.inner;
    expect(there.filter((name) => !inner.includes(name)).sort()).toEqual(operations);
    expect(called.filter((name) => !inner.includes(name))).toEqual(operations);
  });

  test("logs in with a client secret in the tenant's own name, reads and writes", async () => {
    expect(await outcome(library, { secret: login.secret, tenant: login.tenantId, work })).toEqual(readLast);
  });

  test('logs in with a certificate, reads and writes', async () => {
    expect(await outcome(library, { certificateFile: login.certificateFile, work })).toEqual(readLast);
  });

  test('logs in as a workload with the token of another issuer, reads and writes', async () => {
    expect(await outcome(library, { tokenFile: login.tokenFile, work })).toEqual(readLast);
  });

  test('shows the reason for a wrong secret', async () => {
    const { refused } = await outcome(library, { secret: 'wrong', work });
    expect(refused).toContain('AADSTS7000215');
  });
});

test('a principal that was disabled is out with the next request', async () => {
  const library = libraries['azure-identity with azure-containerregistry'];
  const given = { secret: login.secret, work: 'login, read and write' };
  await operateJson(server, 'principal', 'disable', 'ci');
  expect((await outcome(library, given)).refused).toContain('AADSTS7000112');
  await operateJson(server, 'principal', 'enable', 'ci');
  expect((await outcome(library, given)).called).toContain('get_tag_properties');
});
