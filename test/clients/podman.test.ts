import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ClientProgram, clientProgram, testFolder } from './client-program.ts';
import { packLayout, writeImageLayout } from './image-layout.ts';
import { greetingOf, type SampleImage, sampleImage } from './sample-image.ts';
import { getBlob, getManifest, registry, sha256 } from './test-registry.ts';

/** A podman with storage of its own, logged in. */
async function loggedIn(): Promise<ClientProgram> {
  // Podman refuses a run folder whose path is longer than 50 characters.
  const storage = testFolder('pod');
  const folders = ['--root', join(storage, 'root'), '--runroot', join(storage, 'run')];
  const engine = ['--storage-driver', 'vfs', '--cgroup-manager', 'cgroupfs', '--events-backend', 'none'];
  const podman = clientProgram('podman', ...folders, ...engine);
  const password = ['--tls-verify=false', '--username', registry.user, '--password-stdin'];
  await podman.run(['login', ...password, registry.host], { input: registry.password });
  return podman;
}

/** Loads a sample image, names it for the registry and pushes it. */
async function pushed(
  podman: ClientProgram,
  repository: string,
  ...pushArgs: string[]
): Promise<{ image: string; sample: SampleImage }> {
  const image = `${registry.host}/${repository}:v1`;
  const sample = sampleImage(repository);
  const layout = join(podman.folder, 'layout');
  await writeImageLayout(layout, image, sample);
  await packLayout(layout, `${layout}.tar`);
  await podman.run(['load', '--input', `${layout}.tar`]);
  await podman.run(['push', '--tls-verify=false', ...pushArgs, image]);
  return { image, sample };
}

/** Writes an image as plain files and returns each one's digest by name: manifest, config and layers. */
async function savedFiles(
  podman: ClientProgram,
  image: string,
  name: string,
): Promise<Record<string, string>> {
  const folder = join(podman.folder, name);
  await podman.run(['save', '--format', 'docker-dir', '--output', folder, image]);
  const files = (await readdir(folder)).sort();
  const digests = files.map(async (file) => [file, sha256(await readFile(join(folder, file)))] as const);
  return Object.fromEntries(await Promise.all(digests));
}

test('podman pushes an image, removes it and pulls it, and every byte comes back', async () => {
  const podman = await loggedIn();
  const { image, sample } = await pushed(podman, 'clients/podman/push');
  const before = await savedFiles(podman, image, 'before');
  expect(Object.keys(before).length).toBeGreaterThan(3);
  await podman.run(['rmi', image]);
  await podman.run(['pull', '--tls-verify=false', image]);
  expect(await savedFiles(podman, image, 'after')).toEqual(before);
  // The config names the layers by their unpacked content, so it stays the same whatever compresses them.
  const { stdout } = await podman.run(['image', 'inspect', '--format', '{{.Id}}', image]);
  expect(`sha256:${stdout.trim()}`).toBe(sample.config.digest);
});

test('podman names the digest under which the registry holds what it pushed', async () => {
  const podman = await loggedIn();
  await pushed(podman, 'clients/podman/digest', '--digestfile', 'digest');
  const digest = await readFile(join(podman.folder, 'digest'), 'utf8');
  const stored = await getManifest('clients/podman/digest', 'v1');
  expect(stored.digest).toBe(digest.trim());
  expect(sha256(stored.bytes)).toBe(digest.trim());
});

test('podman pushes and pulls a Docker schema 2 image', async () => {
  const podman = await loggedIn();
  const { image, sample } = await pushed(podman, 'clients/podman/v2s2', '--format', 'v2s2');
  const stored = await getManifest('clients/podman/v2s2', 'v1');
  expect(stored.mediaType).toBe('application/vnd.docker.distribution.manifest.v2+json');
  const manifest = JSON.parse(stored.bytes.toString()) as { config: { digest: string } };
  const config: unknown = JSON.parse(
    (await getBlob('clients/podman/v2s2', manifest.config.digest)).toString(),
  );
  expect(config).toMatchObject({ architecture: sample.architecture });
  await podman.run(['rmi', image]);
  await podman.run(['pull', '--tls-verify=false', image]);
});

test('podman runs a container of an image that it has pulled', async () => {
  const podman = await loggedIn();
  const { image } = await pushed(podman, 'clients/podman/run');
  await podman.run(['rmi', image]);
  await podman.run(['pull', '--tls-verify=false', image]);
  // runc may not raise a limit where the machine withholds CAP_SYS_RESOURCE: these two are lower than any.
  const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'];
  const { stdout } = await podman.run(['run', '--rm', '--net', 'host', ...limits, image]);
  expect(stdout).toBe(`${greetingOf('clients/podman/run')}\n`);
});

test('podman is told that an image is not there', async () => {
  const podman = await loggedIn();
  const result = await podman.attempt([
    'pull',
    '--tls-verify=false',
    `${registry.host}/clients/podman/none:v1`,
  ]);
  expect(result.code).not.toBe(0);
  expect(result.stderr).toMatch(/manifest unknown|name unknown|not found|not known/i);
});
