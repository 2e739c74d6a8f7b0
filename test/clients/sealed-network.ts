import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../tools/run-command.ts';
import { toolFile } from '../tools/tool-location.ts';

const marker = 'CERULEAN_SEALED_NETWORK';

export function isInSealedNetwork(): boolean {
  return process.env[marker] === '1';
}

/**
 * Runs this program again in network, mount and process namespaces of its own and returns its exit code.
 * Whatever it leaves running dies with the process namespace, whatever it leaves mounted goes with the mount
 * namespace, and nothing in it can reach another machine.
 */
export async function runSelfInSealedNetwork(program: string, args: readonly string[]): Promise<number> {
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const child = spawn('unshare', [...namespaces, process.execPath, program, ...args], {
    stdio: 'inherit',
    env: { ...process.env, [marker]: '1' },
  });
  child.once('error', () => undefined);
  const stop = (): void => void child.kill('SIGKILL');
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const [code] = await once(child, 'exit');
  process.off('SIGINT', stop).off('SIGTERM', stop);
  return typeof code === 'number' ? code : 1;
}

/** What podman, buildah and skopeo know of earlier runs lies here, whatever storage they are told to use. */
const containersFolder = '/var/lib/containers';

/** Hides what the machine's own container tools remember, and keeps what the tests add out of it. */
export async function hideContainersFolder(): Promise<void> {
  if (existsSync(containersFolder)) await runCommand('mount', ['-t', 'tmpfs', 'tmpfs', containersFolder]);
}

/** Gives names to addresses of loopback, for whatever runs in this mount namespace; throws outside of one. */
export async function nameHosts(folder: string, lines: readonly string[]): Promise<void> {
  if (!isInSealedNetwork()) throw new Error('These tests are started by test/clients/run.ts.');
  const file = join(folder, 'hosts');
  // Other clients find there what the machine has.
  const known = await readFile('/etc/hosts', 'utf8');
  await writeFile(file, `${known.trimEnd()}\n${lines.join('\n')}\n`);
  await runCommand('mount', ['--bind', file, '/etc/hosts']);
}

/** Brings loopback up and throws when anything but loopback is there. */
export async function openLoopback(): Promise<void> {
  const ip = toolFile('iproute2');
  await runCommand(ip, ['link', 'set', 'lo', 'up']);
  const links = (await runCommand(ip, ['-oneline', 'link', 'show'])).stdout.trim().split('\n');
  // Some kernels put tunnel devices that are down into every new namespace.
  const others = links.filter((link) => !/^\d+: lo:/.test(link) && /\bUP\b/.test(link));
  const addresses = Object.keys(networkInterfaces());
  if (others.length > 0 || addresses.join() !== 'lo') {
    throw new Error(`The tests' network is not sealed: ${[...links, ...addresses].join('; ')}`);
  }
}
