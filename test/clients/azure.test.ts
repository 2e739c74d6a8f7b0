/**
 * Azure's own libraries, unmodified, over TLS with the server's own authority, and without credentials: what they see
 * of a registry with anonymous pull, and that they may change nothing.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operateJson } from '../process/operator.ts';
import { type PushedImage, RegistryClient, sha256 } from '../process/registry-client.ts';
import { type ServerProcess, startServer } from '../process/server-process.ts';
import { runCommand } from '../tools/run-command.ts';
import { builtToolFolder, toolFile } from '../tools/tool-location.ts';
import { testFolder } from './client-program.ts';

const scripts = join(import.meta.dirname, 'azure');
const repository = 'clients/azure';

/** The program that runs each library, and what stands before the registry's URL. */
const libraries = {
  '@azure/container-registry': () => [
    process.execPath,
    join(scripts, 'anonymous-node.ts'),
    builtToolFolder('azureNode'),
  ],
  'azure-containerregistry': () => [toolFile('azurePython'), join(scripts, 'anonymous.py')],
  azcontainerregistry: () => [toolFile('azureGo')],
} as const;

let server: ServerProcess;
let caFile: string;
/** In the order in which they were pushed. */
const images: PushedImage[] = [];

beforeAll(async () => {
  const data = join(testFolder('azure'), 'data');
  server = await startServer({ data, args: ['--tls', 'auto', '--workers', '2'] });
  caFile = /own authority, (\S+)\. To trust it/.exec(server.stdout())?.[1] ?? '';
  const ca = readFileSync(caFile, 'utf8');
  const admin = new RegistryClient(server, { user: 'cerulean', password: server.password, ca });
  for (const tag of ['b', 'a', 'c'])
    images.push(await admin.pushImage(repository, tag, { layer: Buffer.from(`layer of ${tag}`) }));
  await admin.pushImage('other', 'v1', { layer: Buffer.from('other') });
  const lock = JSON.stringify({ deleteEnabled: false });
  await admin.call(`/acr/v1/${repository}/_tags/a`, { method: 'PATCH', body: lock });
});
afterAll(async () => server[Symbol.asyncDispose]());

describe.each(Object.entries(libraries))('%s', (_name, words) => {
  test('sees repositories, tags and manifests page by page, pulls, and may delete nothing', async () => {
    await operateJson(server, 'registry', 'set', 'cerulean', '--anonymous-pull', 'on');
    const [, image] = images;
    expect(await seen(words())).toEqual({
      repositories: [repository, 'other'],
      manifestCount: 3,
      tagCount: 3,
      canWrite: true,
      tagsByTime: ['c', 'a', 'b'],
      manifestsByTime: images.map((pushed) => pushed.digest),
      tagDigest: image?.digest,
      tagCanDelete: false,
      manifestTags: ['a'],
      architecture: 'amd64',
      sizeInBytes: (image?.config.length ?? 0) + 'layer of a'.length,
      downloadedDigest: image?.digest,
      layerDigest: sha256('layer of a'),
      deleteRefused: 401,
    });
  });

  test('sees nothing where anonymous pull is off', async () => {
    await operateJson(server, 'registry', 'set', 'cerulean', '--anonymous-pull', 'off');
    await expect(seen(words())).rejects.toThrow(/UNAUTHORIZED|401|unauthorized|authentication required/i);
  });
});

async function seen([program = '', ...words]: readonly string[]): Promise<unknown> {
  const trust = { NODE_EXTRA_CA_CERTS: caFile, REQUESTS_CA_BUNDLE: caFile, SSL_CERT_FILE: caFile };
  const env = { PATH: process.env['PATH'] ?? '', HOME: testFolder('home'), ...trust };
  const { stdout } = await runCommand(program, [...words, server.url, repository, 'a'], { env });
  return JSON.parse(stdout);
}
