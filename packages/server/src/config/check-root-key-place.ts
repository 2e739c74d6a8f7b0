import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConfigError } from './config-error.ts';
import type { Config } from './load-config.ts';

/**
 * Call it before a root key is made. Throws a `ConfigError` if this is a container and the key would lie on the
 * image's own layer, where it would be gone with the container and everything stored with it.
 * A volume is another device than the folder that the image is mounted at.
 */
export async function checkRootKeyPlace(
  config: Pick<Config, 'rootKeyFile' | 'inContainer'>,
  imageFolder = '/',
): Promise<void> {
  if (!config.inContainer) return;
  const [image, place] = await Promise.all([deviceOf(imageFolder), deviceOf(dirname(config.rootKeyFile))]);
  if (image !== place) return;
  throw new ConfigError(
    [
      `No root key is made at ${config.rootKeyFile}: that is the container's own layer, and the key would be gone`,
      'with the container, and with it everything that is stored. Mount a volume of its own for it, for example:',
      `  docker run -v cerulean-keys:${dirname(config.rootKeyFile)} -v cerulean-data:/data …`,
      'and back it up apart from the data.',
    ].join('\n'),
  );
}

/** The device of a folder, or of the nearest one above it that exists. */
async function deviceOf(folder: string): Promise<number> {
  try {
    return (await stat(folder)).dev;
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!missing || dirname(folder) === folder) throw error;
    return deviceOf(dirname(folder));
  }
}
