import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BackgroundProcess, startProcess } from '../tools/background-process.ts';
import { type CommandResult, runCommand, tryCommand } from '../tools/run-command.ts';
import { commandFile, toolFile } from '../tools/tool-location.ts';
import { clientEnvironment, testFolder } from './client-program.ts';
import { expectLayoutHolds, expectSameBytes, expectStored } from './expect-image.ts';
import { packLayout, readLayoutBlob, unpackLayout, writeImageLayout } from './image-layout.ts';
import { greetingOf, sampleImage, sampleIndex } from './sample-image.ts';
import { getManifest, registry } from './test-registry.ts';

const folder = testFolder('containerd');
const socket = join(folder, 'containerd.sock');
const env = clientEnvironment(folder);
const remoteArgs = ['--plain-http', '--user', registry.credentials];
let daemon: BackgroundProcess | undefined;

const ctr = (...args: string[]): Promise<CommandResult> =>
  runCommand(commandFile('ctr'), ['--address', socket, ...args], { env, cwd: folder });

beforeAll(async () => {
  const config = join(folder, 'config.toml');
  const lines = [
    'version = 2',
    `root = ${JSON.stringify(join(folder, 'root'))}`,
    `state = ${JSON.stringify(join(folder, 'state'))}`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
    '[grpc]',
    `address = ${JSON.stringify(socket)}`,
  ];
  await writeFile(config, lines.join('\n'));
  daemon = startProcess(toolFile('containerd'), ['--config', config], {
    env,
    logFile: join(folder, 'containerd.log'),
  });
  const answers = async (): Promise<boolean> =>
    (await tryCommand(commandFile('ctr'), ['--address', socket, 'version'], { env })).code === 0;
  await daemon.waitUntil(answers, 60_000);
});

afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
});

/** Imports an image under its name in the registry and pushes it; the local copy is removed. */
async function pushed(
  repository: string,
  content: ReturnType<typeof sampleImage> | ReturnType<typeof sampleIndex>,
): Promise<string> {
  const image = `${registry.host}/${repository}:v1`;
  const layout = testFolder('containerd-layout');
  await writeImageLayout(layout, image, content);
  await packLayout(layout, `${layout}.tar`);
  await ctr('images', 'import', '--all-platforms', '--no-unpack', `${layout}.tar`);
  await ctr('images', 'push', ...remoteArgs, image);
  await ctr('images', 'rm', '--sync', image);
  return image;
}

test('ctr pushes an image and pulls it, and every byte comes back', async () => {
  const sample = sampleImage('containerd-push');
  const image = await pushed('clients/containerd/push', sample);
  await expectStored('clients/containerd/push', 'v1', sample);
  await ctr('images', 'pull', ...remoteArgs, '--snapshotter', 'native', image);
  await ctr('images', 'export', 'out.tar', image);
  await unpackLayout(join(folder, 'out.tar'), join(folder, 'out'));
  await expectLayoutHolds(join(folder, 'out'), sample);
});

test('ctr runs a container of an image that it has pulled', async () => {
  const image = await pushed('clients/containerd/run', sampleImage('containerd-run'));
  await ctr('images', 'pull', ...remoteArgs, '--snapshotter', 'native', image);
  const options = ['--rm', '--net-host', '--snapshotter', 'native'];
  const { stdout } = await ctr('run', ...options, image, 'greeter', '/busybox', 'cat', '/greeting');
  expect(stdout.trim()).toBe(greetingOf('containerd-run'));
});

test('ctr pushes an index and pulls it by digest with all platforms', async () => {
  const { index, images } = sampleIndex('containerd-index', ['amd64', 'arm64']);
  await pushed('clients/containerd/index', { index, images });
  expectSameBytes((await getManifest('clients/containerd/index', 'v1')).bytes, index.bytes);
  const byDigest = `${registry.host}/clients/containerd/index@${index.digest}`;
  await ctr('content', 'fetch', ...remoteArgs, '--all-platforms', byDigest);
  await ctr('images', 'export', '--all-platforms', 'index.tar', byDigest);
  await unpackLayout(join(folder, 'index.tar'), join(folder, 'index'));
  expectSameBytes(await readLayoutBlob(join(folder, 'index'), index.digest), index.bytes);
  for (const image of images) await expectLayoutHolds(join(folder, 'index'), image);
});

test('ctr without credentials can’t pull a private image', async () => {
  const image = await pushed('clients/containerd/private', sampleImage('containerd-private'));
  const args = ['--address', socket, 'images', 'pull', '--plain-http', '--snapshotter', 'native', image];
  const result = await tryCommand(commandFile('ctr'), args, { env });
  expect(result.code).not.toBe(0);
  expect(`${result.stdout}${result.stderr}`).toMatch(/authorization failed|401|unauthorized/i);
});
