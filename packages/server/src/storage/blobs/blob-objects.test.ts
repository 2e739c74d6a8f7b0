import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeBlobObjects } from './describe-blob-objects.ts';
import { FilesystemObjects, prepareFilesystemObjects } from './filesystem-objects.ts';
import { MemoryObjects } from './memory-objects.ts';

const never = new AbortController().signal;

async function filesystem(options: { filesKeptOpenMax?: number } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'cerulean-blobs-'));
  const root = join(folder, 'blobs');
  await prepareFilesystemObjects(root);
  const objects = new FilesystemObjects(root, options);
  return {
    root,
    objects,
    async names() {
      const entries = await readdir(root, { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
    },
    async [Symbol.asyncDispose]() {
      await objects[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

class NamedMemoryObjects extends MemoryObjects {
  readonly made = new Set<string>();
  override create(...request: Parameters<MemoryObjects['create']>) {
    this.made.add(request[0]);
    return super.create(...request);
  }
}

describeBlobObjects('objects as files', () => filesystem());
describeBlobObjects('objects as files, none kept open', () => filesystem({ filesKeptOpenMax: 0 }));
describeBlobObjects('objects in memory', async () => {
  const objects = new NamedMemoryObjects();
  const exists = async (object: string) =>
    (await Promise.allSettled([objects.openReader(object)]))[0]?.status === 'fulfilled';
  return {
    objects,
    async names() {
      const found: string[] = [];
      for (const object of objects.made) if (await exists(object)) found.push(object);
      return found;
    },
    async [Symbol.asyncDispose]() {},
  };
});

describe('objects as files', () => {
  test('lie in 256 folders by the first two digits of their name', async () => {
    await using opened = await filesystem();
    expect((await readdir(opened.root)).length).toBe(256);
    await prepareFilesystemObjects(opened.root);
    const object = `0f${'a1'.repeat(15)}`;
    const writer = await opened.objects.create(object, never);
    await writer.close();
    expect((await stat(join(opened.root, '0f', object))).isFile()).toBe(true);
  });

  test('can not be prepared where a file stands in the way', async () => {
    await using opened = await filesystem();
    const blocked = join(opened.root, 'file');
    await writeFile(blocked, '');
    await expect(prepareFilesystemObjects(blocked)).rejects.toMatchObject({ code: 'prepare_failed' });
  });

  test.skipIf(process.platform !== 'linux')(
    'keep a bounded number of files open, and close those in use last',
    async () => {
      await using opened = await filesystem({ filesKeptOpenMax: 3 });
      const names: string[] = [];
      for (let i = 0; i < 8; i++) {
        const object = randomBytes(16).toString('hex');
        const writer = await opened.objects.create(object, never);
        await writer.write([Buffer.from(object)]);
        await writer.close();
        names.push(object);
      }
      // The oldest one is in use throughout: it must be passed over when others are closed.
      const again = await opened.objects.openReader(names[0]!);
      const readers = await Promise.all(names.map((object) => opened.objects.openReader(object)));
      expect(await openFilesBelow(opened.root)).toBe(8);
      for (const reader of readers) await reader.close();
      // Three that nobody reads, and the one that is still read.
      expect(await openFilesBelow(opened.root)).toBe(4);
      const into = Buffer.alloc(32);
      const shared = await opened.objects.openReader(names[0]!);
      expect(await openFilesBelow(opened.root)).toBe(4);
      await shared.close();
      await again.read(into, 0);
      expect(into.toString()).toBe(names[0]);
      await again.close();
      expect(await openFilesBelow(opened.root)).toBe(3);
      for (const object of names) await opened.objects.remove(object);
      expect(await openFilesBelow(opened.root)).toBe(0);
    },
  );

  test.skipIf(process.platform !== 'linux')(
    'give the space of a removed object back with its last reader',
    async () => {
      await using opened = await filesystem();
      const object = randomBytes(16).toString('hex');
      const writer = await opened.objects.create(object, never);
      await writer.close();
      const reader = await opened.objects.openReader(object);
      await opened.objects.remove(object);
      expect(await openFilesBelow(opened.root)).toBe(1);
      await reader.close();
      expect(await openFilesBelow(opened.root)).toBe(0);
    },
  );

  test('share one file between readers that open it at once, and a missing one with none', async () => {
    await using opened = await filesystem();
    const missing = randomBytes(16).toString('hex');
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => opened.objects.openReader(missing)));
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'rejected', 'rejected']);
    const writer = await opened.objects.create(missing, never);
    await writer.close();
    const reader = await opened.objects.openReader(missing);
    await reader.close();
  });
});

async function openFilesBelow(folder: string): Promise<number> {
  const links = await Promise.allSettled(
    (await readdir('/proc/self/fd')).map((descriptor) => readlink(`/proc/self/fd/${descriptor}`)),
  );
  return links.filter((link) => link.status === 'fulfilled' && link.value.startsWith(folder)).length;
}
