import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freeLoopbackPort } from '../tools/free-loopback-port.ts';
import { type CommandResult, tryCommand } from '../tools/run-command.ts';
import { toolFile } from '../tools/tool-location.ts';
import { buildImage, type ImageStore, imageName, imageStore } from './build-image.ts';

/** The user whose number the image names. */
const userId = 10001;
// runc may not raise a limit where the machine withholds CAP_SYS_RESOURCE: these two are lower than any.
const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'];

let folder = '';
let store: ImageStore = { storageArgs: [] };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crl-box-'));
  store = imageStore(folder);
  await buildImage(store, folder);
}, 15 * 60_000);

afterAll(async () => {
  await podman('rm', '--all', '--force', '--time', '5');
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}, 120_000);

function podman(...args: string[]): Promise<CommandResult> {
  const engine = ['--cgroup-manager', 'cgroupfs', '--events-backend', 'none'];
  return tryCommand(toolFile('podman'), [...store.storageArgs, ...engine, ...args]);
}

/** Folders of the machine for the container's volumes, owned by the image's user. */
async function volumes(name: string): Promise<string[]> {
  const args = ['data', 'keys'].map(async (volume) => {
    const path = join(folder, name, volume);
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chown(path, userId, userId);
    return ['--volume', `${path}:/${volume}`];
  });
  return (await Promise.all(args)).flat();
}

async function start(name: string, ...args: string[]): Promise<CommandResult> {
  // Podman leaves the repetition of health checks to systemd, which is not everywhere: the test asks by itself.
  return podman('run', '--detach', '--no-healthcheck', '--name', name, ...limits, ...args);
}

/** The command that the image names as its health check. */
async function healthCheck(): Promise<string[]> {
  const { stdout } = await podman('image', 'inspect', imageName);
  const [image] = JSON.parse(stdout) as readonly { Healthcheck?: { Test?: readonly string[] } }[];
  const [kind, ...command] = image?.Healthcheck?.Test ?? [];
  expect(kind).toBe('CMD');
  return command;
}

/** Waits until the answer is yes, while the container runs and for two minutes at most; throws with its log. */
async function waitUntil(name: string, ask: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 240; attempt += 1) {
    if (await ask()) return;
    if ((await podman('inspect', '--format', '{{.State.Running}}', name)).stdout.trim() !== 'true') break;
    await sleep(500);
  }
  const { stdout, stderr } = await podman('logs', name);
  throw new Error(`The container did not get ready:
${stdout}${stderr}`);
}

async function statusOf(url: string): Promise<number> {
  try {
    return (await fetch(url)).status;
  } catch (error) {
    if (error instanceof TypeError) return 0;
    throw error;
  }
}

test('the image runs the server as an ordinary user, which answers and stops when it is told to', async () => {
  const port = await freeLoopbackPort();
  const listen = ['--host', '127.0.0.1', '--port', String(port)];
  const started = await start('plain', '--net', 'host', ...(await volumes('plain')), imageName, ...listen);
  expect(started.stderr).toBe('');
  await waitUntil('plain', async () => (await statusOf(`http://127.0.0.1:${port}/livez`)) === 200);
  expect(await statusOf(`http://127.0.0.1:${port}/v2/`)).toBe(401);
  expect((await podman('exec', 'plain', 'id', '-u')).stdout.trim()).toBe(String(userId));
  expect((await podman('stop', '--time', '60', 'plain')).code).toBe(0);
  const ended = await podman('inspect', '--format', '{{.State.ExitCode}}', 'plain');
  expect(ended.stdout.trim()).toBe('0');
});

test('the image with its own defaults becomes healthy', async () => {
  const started = await start('defaults', '--net', 'none', ...(await volumes('defaults')), imageName);
  expect(started.stderr).toBe('');
  const check = await healthCheck();
  await waitUntil('defaults', async () => (await podman('exec', 'defaults', ...check)).code === 0);
});

test('the image without a volume for the keys does not start, and says why', async () => {
  const [dataVolume = '', data = ''] = await volumes('keyless');
  await start('keyless', '--net', 'none', dataVolume, data, imageName);
  expect((await podman('wait', 'keyless')).stdout.trim()).not.toBe('0');
  const { stdout, stderr } = await podman('logs', 'keyless');
  expect(`${stdout}${stderr}`).toMatch(/\/keys/);
});
