import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ConfigError } from './config-error.ts';
import type { Config } from './load-config.ts';

/**
 * Call it before a root key is made. Throws a `ConfigError` if this is a container and the key would lie on the
 * image's own layer, where it would be gone with the container and everything stored with it.
 *
 * A volume is a mount point. That it is another device too is not certain: some storage drivers mount folders of the
 * same device. `mountInfo` is Linux's table of mounts (proc(5), /proc/pid/mountinfo).
 */
export async function checkRootKeyPlace(
  config: Pick<Config, 'rootKeyFile' | 'inContainer'>,
  mountInfo?: string,
): Promise<void> {
  if (!config.inContainer) return;
  const folder = dirname(resolve(config.rootKeyFile));
  const mounts = mountPoints(mountInfo ?? (await readFile('/proc/self/mountinfo', 'utf8')));
  if (mounts.some((mount) => mount !== '/' && `${folder}/`.startsWith(`${mount}/`))) return;
  throw new ConfigError(
    [
      `No root key is made at ${config.rootKeyFile}: that is the container's own layer, and the key would be gone`,
      'with the container, and with it everything that is stored. Mount a volume of its own for it, for example:',
      `  docker run -v cerulean-keys:${folder} -v cerulean-data:/data …`,
      'and back it up apart from the data.',
    ].join('\n'),
  );
}

/** The fifth member of each line; spaces and the like are written as three octal digits. */
function mountPoints(mountInfo: string): string[] {
  return mountInfo
    .split('\n')
    .flatMap((line) => line.split(' ')[4] ?? [])
    .map((path) =>
      path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    );
}
