import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FilesystemWriter } from './filesystem-writer.ts';

// Devices of the system that fail as a full or broken disk does.
function writerTo(device: string, syncName: () => Promise<void> = async () => undefined) {
  const descriptor = openSync(device, 'w');
  return new FilesystemWriter({
    object: 'aa'.repeat(16),
    descriptor,
    syncName,
    removeName: async () => undefined,
  });
}

describe.skipIf(process.platform !== 'linux')('a writer whose disk fails', () => {
  test('says that the disk is full, and is dead from then on', async () => {
    const writer = writerTo('/dev/full');
    const failed = {
      name: 'StorageFailure',
      code: 'disk_full',
      message: expect.stringContaining('aa'.repeat(16)),
    };
    await expect(writer.write([Buffer.from('too much')])).rejects.toMatchObject(failed);
    await expect(writer.write([Buffer.from('more')])).rejects.toMatchObject(failed);
    await expect(writer.sync()).rejects.toMatchObject(failed);
    await writer.close();
  });

  test('does not sync over a write that failed while it waited', async () => {
    const writer = writerTo('/dev/full');
    const written = writer.write([Buffer.from('too much')]);
    const synced = writer.sync();
    await expect(written).rejects.toMatchObject({ code: 'disk_full' });
    await expect(synced).rejects.toMatchObject({ code: 'disk_full' });
    await writer.close();
  });

  test('never syncs again after one sync failed', async () => {
    // The first sync of a file whose pages were lost fails, and the second would succeed.
    const writer = writerTo('/dev/null');
    await writer.write([Buffer.from('lost')]);
    const failed = { name: 'StorageFailure', code: 'sync_failed' };
    await expect(writer.sync()).rejects.toMatchObject(failed);
    await expect(writer.sync()).rejects.toMatchObject(failed);
    await expect(writer.write([Buffer.from('more')])).rejects.toMatchObject(failed);
    await writer.close();
  });
});

test('a writer makes its name durable once, after the data, and is dead when that fails', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cerulean-writer-'));
  let synced = 0;
  const writer = writerTo(join(folder, 'good'), async () => void synced++);
  await writer.write([Buffer.from('a')]);
  await writer.sync();
  await writer.sync();
  expect(synced).toBe(1);
  await writer.close();
  const broken = writerTo(join(folder, 'broken'), () => Promise.reject(new Error('EIO')));
  await expect(broken.sync()).rejects.toMatchObject({ code: 'sync_failed' });
  await expect(broken.sync()).rejects.toMatchObject({ code: 'sync_failed' });
  await broken.close();
  rmSync(folder, { recursive: true });
});
