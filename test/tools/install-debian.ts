import { appendFileSync } from 'node:fs';
import { tryCommand } from './run-command.ts';
import { findCommand } from './tool-location.ts';

const timeoutMs = 20 * 60_000;

/**
 * Installs Debian packages in one call, for apt-get lets nobody else in meanwhile.
 * Throws an error that names the packages when apt-get is missing, not allowed, or fails.
 */
export async function installDebianPackages(packages: readonly string[], logFile: string): Promise<void> {
  const wanted = packages.join(' ');
  if (findCommand('apt-get') === undefined) {
    throw new Error(
      `These programs are installed with apt-get, which is not here; install by hand: ${wanted}`,
    );
  }
  const prefix = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const install = ['install', '--yes', '--no-install-recommends', ...packages];
  for (const args of [['update'], install]) {
    const [command, ...rest] = [...prefix, 'apt-get', '-o', 'DPkg::Lock::Timeout=600', ...args];
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const result = await tryCommand(command ?? 'apt-get', rest, { env, timeoutMs });
    appendFileSync(logFile, `${result.stdout}${result.stderr}`);
    // A list that could not be renewed may still do: what counts is whether the packages come.
    if (result.code !== 0 && args !== install) continue;
    if (result.code !== 0)
      throw new Error(`apt-get could not install ${wanted}; its output is in ${logFile}`);
  }
}
