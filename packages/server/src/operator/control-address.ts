import { randomBytes } from 'node:crypto';
import { lstat, mkdtemp, readFile, rm, rmdir, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** `sockaddr_un.sun_path` holds 108 bytes on Linux and 104 on macOS, the closing zero among them. */
const socketPathBytesMax = 103;
const shortFolderPrefix = 'cerulean-control-';

/** Where the control server listens, and how it leaves that place. */
export interface ControlAddress {
  readonly path: string;
  release(): Promise<void>;
}

/**
 * Picks the place of the control socket: `<data>/control.sock`; where that path is too long, or on Windows, another
 * place that `<data>/control.path` names. What a dead server left behind is removed, so the caller must hold the
 * guard of the data folder.
 */
export async function claimControlAddress(
  dataFolder: string,
  platform = process.platform,
): Promise<ControlAddress> {
  const pathFile = join(dataFolder, 'control.path');
  await removeStale(dataFolder, pathFile);
  const socket = join(dataFolder, 'control.sock');
  if (platform === 'win32') return elsewhere(pathFile, pipeName());
  if (Buffer.byteLength(socket) <= socketPathBytesMax)
    return { path: socket, release: () => removeSocket(socket) };
  // mkdtemp makes the folder with mode 0700, under a name that nobody could prepare.
  return elsewhere(pathFile, join(await mkdtemp(join(tmpdir(), shortFolderPrefix)), 'control.sock'));
}

async function elsewhere(pathFile: string, path: string): Promise<ControlAddress> {
  await writeFile(pathFile, path, { mode: 0o600, flag: 'wx' });
  return {
    path,
    release: async () => {
      await removeElsewhere(path);
      await rm(pathFile, { force: true });
    },
  };
}

/** A random name: unlike a file's, nobody else can take it first. */
function pipeName(): string {
  return String.raw`\\.\pipe\cerulean-` + randomBytes(16).toString('hex');
}

async function removeStale(dataFolder: string, pathFile: string): Promise<void> {
  await removeSocket(join(dataFolder, 'control.sock'));
  const path = await ifPresent(readFile(pathFile, 'utf8'));
  if (path === undefined) return;
  await removeElsewhere(path);
  await rm(pathFile);
}

/** Only what this module makes: a socket in a folder of ours. A file that names another place is not obeyed. */
async function removeElsewhere(path: string): Promise<void> {
  const folder = dirname(path);
  if (basename(path) !== 'control.sock' || !basename(folder).startsWith(shortFolderPrefix)) return;
  await removeSocket(path);
  await ifPresent(rmdir(folder));
}

async function removeSocket(path: string): Promise<void> {
  const about = await ifPresent(lstat(path));
  if (about === undefined) return;
  if (!about.isSocket())
    throw new Error(`${path} is in the way of the control socket and is none: remove it.`);
  await ifPresent(unlink(path));
}

async function ifPresent<Value>(operation: Promise<Value>): Promise<Value | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
