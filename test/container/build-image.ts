import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandResult, runCommand } from '../tools/run-command.ts';
import { projectFolder } from '../tools/start-cerulean.ts';
import { toolFile } from '../tools/tool-location.ts';
import { certificateBundle, writeBaseImageRoot } from './base-image.ts';

export interface ImageStore {
  /** Arguments that lead buildah and podman to the test's own storage. */
  readonly storageArgs: readonly string[];
}

export const imageName = 'localhost/cerulean:test';

const baseName = 'localhost/cerulean-test-base';
const buildTimeoutMs = 10 * 60_000;
const proxyVariables = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];

export function imageStore(folder: string): ImageStore {
  const folders = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run')];
  return { storageArgs: [...folders, '--storage-driver', 'overlay'] };
}

/** Builds the project's Dockerfile on a base image made here. Throws with buildah's output when it fails. */
export async function buildImage(store: ImageStore, folder: string): Promise<void> {
  const buildah = (...args: string[]): Promise<CommandResult> =>
    runCommand(toolFile('buildah'), [...store.storageArgs, ...args], {
      cwd: projectFolder,
      timeoutMs: buildTimeoutMs,
    });
  const root = join(folder, 'base');
  await mkdir(root);
  await writeBaseImageRoot(root);
  const { stdout } = await buildah('from', 'scratch');
  const container = stdout.trim();
  await buildah('add', '--quiet', container, root, '/');
  // The machine's own certificate authorities, if it has any, are in the bundle that the base image got.
  const variables = ['PATH=/usr/local/bin:/usr/bin:/bin', `NODE_EXTRA_CA_CERTS=${certificateBundle}`];
  await buildah('config', ...variables.flatMap((variable) => ['--env', variable]), container);
  await buildah('commit', '--quiet', '--rm', container, baseName);
  // The format of Docker, for the other one has no HEALTHCHECK.
  const format = ['--format', 'docker', '--isolation', 'chroot', '--network', 'host'];
  await buildah(
    'build',
    ...format,
    ...proxySettings(),
    '--build-arg',
    `BASE=${baseName}`,
    '--tag',
    imageName,
    '.',
  );
}

/** Proxies of the machine, which npm needs in the build to reach its registry as it does outside. */
function proxySettings(): string[] {
  return proxyVariables
    .filter((name) => process.env[name] !== undefined)
    .flatMap((name) => ['--build-arg', `${name}=${process.env[name]}`]);
}
