import { existsSync } from 'node:fs';
import { chmod, copyFile, cp, mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runCommand } from '../tools/run-command.ts';
import { commandFile, toolFile } from '../tools/tool-location.ts';

/** What the Dockerfile's RUN steps and the container call. */
const shellCommands = ['sh', 'mkdir', 'chown', 'chmod', 'env', 'cat', 'id', 'ls', 'rm', 'uname'];
export const certificateBundle = '/etc/ssl/certs/ca-certificates.crt';

/**
 * Fills a folder with the root of a base image as the Dockerfile wants it: Node 26, npm and a shell. Base images
 * can't be fetched where the tests run, so this one is made of the machine's own files: Node from node_modules
 * with the shared libraries it is linked to, the installed npm, and a static busybox.
 */
export async function writeBaseImageRoot(root: string): Promise<void> {
  for (const folder of [
    'bin',
    'usr/local/bin',
    'usr/local/lib/node_modules',
    'etc',
    'root',
    'tmp',
    'usr/bin',
  ]) {
    await mkdir(join(root, folder), { recursive: true });
  }
  await chmod(join(root, 'tmp'), 0o1777);
  await copyFile(process.execPath, join(root, 'usr/local/bin/node'));
  for (const library of await sharedLibraries(process.execPath)) await copyInto(root, library);
  await copyNpm(root);
  await copyFile(toolFile('busybox'), join(root, 'bin/busybox'));
  for (const command of shellCommands) await symlink('busybox', join(root, 'bin', command));
  await symlink('/bin/env', join(root, 'usr/bin/env'));
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  await writeFile(join(root, 'etc/group'), 'root:x:0:\n');
  if (existsSync(certificateBundle)) await copyInto(root, certificateBundle);
}

/** Files that a program is linked to, its loader among them, as ldd names them. */
async function sharedLibraries(program: string): Promise<string[]> {
  const { stdout } = await runCommand('ldd', [program]);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
}

async function copyNpm(root: string): Promise<void> {
  const cli = await realpath(commandFile('npm'));
  const npmFolder = dirname(dirname(cli));
  await cp(npmFolder, join(root, 'usr/local/lib/node_modules/npm'), { recursive: true });
  await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm'));
}

/** Copies a file to the same path below the root; a link becomes the file that it leads to. */
async function copyInto(root: string, path: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await copyFile(path, join(root, path));
}
