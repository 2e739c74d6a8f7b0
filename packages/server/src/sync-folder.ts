import { open } from 'node:fs/promises';

/** Makes the names in a folder durable. On Windows it does nothing: there is no such call, and NTFS journals names. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
