import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { toolFile } from '../tools/tool-location.ts';
import { type ClientProgram, clientProgram, testFolder } from './client-program.ts';
import { getBlob, getManifest, registry, sha256 } from './test-registry.ts';

interface StoredImage {
  readonly config: { readonly digest: string; readonly size: number };
  readonly layers: readonly { readonly digest: string; readonly size: number }[];
}

/** A buildah with storage of its own, logged in. */
async function loggedIn(): Promise<ClientProgram> {
  const storage = testFolder('buildah-storage');
  const folders = ['--root', join(storage, 'root'), '--runroot', join(storage, 'run')];
  const buildah = clientProgram('buildah', ...folders, '--storage-driver', 'vfs');
  const password = ['--tls-verify=false', '--username', registry.user, '--password-stdin'];
  await buildah.run(['login', ...password, registry.host], { input: registry.password });
  return buildah;
}

/** Builds an image FROM scratch, with a RUN step in it, and pushes it. */
async function pushed(buildah: ClientProgram, repository: string, format: 'oci' | 'docker'): Promise<string> {
  const context = join(buildah.folder, 'context');
  await mkdir(context);
  await copyFile(toolFile('busybox'), join(context, 'busybox'));
  await writeFile(join(context, 'greeting'), `hello from ${repository}\n`);
  const steps = ['FROM scratch', 'COPY busybox greeting /', 'RUN ["/busybox", "cp", "/greeting", "/copied"]'];
  await writeFile(join(context, 'Containerfile'), `${steps.join('\n')}\n`);
  const image = `${registry.host}/${repository}:v1`;
  await buildah.run(['build', '--isolation', 'chroot', '--format', format, '--tag', image, context]);
  await buildah.run(['push', '--tls-verify=false', '--digestfile', 'digest', image]);
  return image;
}

test.each(['oci', 'docker'] as const)(
  'buildah builds and pushes an image in the %s format',
  async (format) => {
    const buildah = await loggedIn();
    const repository = `clients/buildah/${format}`;
    await pushed(buildah, repository, format);
    const stored = await getManifest(repository, 'v1');
    expect(stored.digest).toBe((await readFile(join(buildah.folder, 'digest'), 'utf8')).trim());
    expect(sha256(stored.bytes)).toBe(stored.digest);
    const { config, layers } = JSON.parse(stored.bytes.toString()) as StoredImage;
    for (const { digest, size } of [config, ...layers]) {
      const bytes = await getBlob(repository, digest);
      expect({ digest: sha256(bytes), size: bytes.length }).toEqual({ digest, size });
    }
  },
);

test('buildah pulls an image that it has pushed and runs a command in it', async () => {
  const buildah = await loggedIn();
  const image = await pushed(buildah, 'clients/buildah/run', 'oci');
  await buildah.run(['rmi', image]);
  const { stdout } = await buildah.run(['from', '--tls-verify=false', '--pull-always', image]);
  const command = ['run', '--isolation', 'chroot', stdout.trim(), '/busybox', 'cat', '/copied'];
  expect((await buildah.run(command)).stdout).toBe('hello from clients/buildah/run\n');
});

test('buildah pushes an index that it has assembled', async () => {
  const buildah = await loggedIn();
  const image = await pushed(buildah, 'clients/buildah/index', 'oci');
  const list = `${registry.host}/clients/buildah/index:all`;
  await buildah.run(['manifest', 'create', 'assembled', image]);
  await buildah.run(['manifest', 'push', '--all', '--tls-verify=false', 'assembled', `docker://${list}`]);
  const stored = await getManifest('clients/buildah/index', 'all');
  const index = JSON.parse(stored.bytes.toString()) as { manifests: readonly { digest: string }[] };
  expect(index.manifests).toHaveLength(1);
  for (const { digest } of index.manifests) {
    expect(sha256((await getManifest('clients/buildah/index', digest)).bytes)).toBe(digest);
  }
});
