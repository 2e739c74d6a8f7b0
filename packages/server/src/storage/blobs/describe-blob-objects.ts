import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { BlobObjects } from './blob-objects.ts';

const never = new AbortController().signal;
const newObject = () => randomBytes(16).toString('hex');

/** Objects for one test. `names` lists every object that exists, so that nothing is left behind unseen. */
export interface OpenedBlobObjects extends AsyncDisposable {
  readonly objects: BlobObjects;
  names(): Promise<string[]>;
}

/** The conformance suite of the port BlobObjects: every implementation runs it. */
export function describeBlobObjects(name: string, open: () => Promise<OpenedBlobObjects>): void {
  async function stored(objects: BlobObjects, bytes: Uint8Array): Promise<string> {
    const object = newObject();
    const writer = await objects.create(object, never);
    await writer.write([bytes]);
    await writer.sync();
    await writer.close();
    return object;
  }

  async function contentOf(objects: BlobObjects, object: string): Promise<Buffer> {
    const reader = await objects.openReader(object);
    const into = Buffer.alloc(10_000_000);
    const count = await reader.read(into, 0);
    await reader.close();
    return into.subarray(0, count);
  }

  describe(`${name}: writing`, () => {
    test('keeps pieces in the order of the calls, and counts them at once', async () => {
      await using opened = await open();
      const object = newObject();
      const writer = await opened.objects.create(object, never);
      expect(writer.offsetBytes).toBe(0);
      const pieces = Array.from({ length: 40 }, (_, index) => randomBytes(1 + index * 3000));
      const first = writer.write(pieces.slice(0, 35));
      const second = writer.write([Buffer.alloc(0), ...pieces.slice(35)]);
      const whole = Buffer.concat(pieces);
      expect(writer.offsetBytes).toBe(whole.length);
      await Promise.all([second, first]);
      await writer.sync();
      await writer.close();
      expect((await contentOf(opened.objects, object)).equals(whole)).toBe(true);
      expect(await opened.names()).toEqual([object]);
    });

    test('goes on after a sync', async () => {
      await using opened = await open();
      const object = newObject();
      const writer = await opened.objects.create(object, never);
      for (const word of ['one ', 'two ', 'three']) {
        await writer.write([Buffer.from(word)]);
        await writer.sync();
      }
      await writer.close();
      expect((await contentOf(opened.objects, object)).toString()).toBe('one two three');
    });

    test('makes an object once', async () => {
      await using opened = await open();
      const object = newObject();
      const both = [opened.objects.create(object, never), opened.objects.create(object, never)];
      const outcomes = await Promise.allSettled(both);
      expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
      await expect(opened.objects.create(object, never)).rejects.toMatchObject({ code: 'object_exists' });
      for (const outcome of outcomes) if (outcome.status === 'fulfilled') await outcome.value.close();
    });

    test('of an abandoned object leaves nothing behind', async () => {
      await using opened = await open();
      const writer = await opened.objects.create(newObject(), never);
      await writer.write([Buffer.from('nothing points here')]);
      await writer.abandon();
      await writer.abandon();
      await writer.close();
      expect(await opened.names()).toEqual([]);
    });

    test('is over when the writer was closed, which may be said twice', async () => {
      await using opened = await open();
      const writer = await opened.objects.create(newObject(), never);
      await writer.close();
      await writer.close();
      await expect(writer.write([Buffer.from('late')])).rejects.toMatchObject({ name: 'StorageFailure' });
      await expect(writer.sync()).rejects.toMatchObject({ name: 'StorageFailure' });
    });

    test('does not begin when its signal has aborted', async () => {
      await using opened = await open();
      const aborted = AbortSignal.abort(new Error('gone'));
      await expect(opened.objects.create(newObject(), aborted)).rejects.toThrow('gone');
      expect(await opened.names()).toEqual([]);
    });

    test('takes no name but an id', async () => {
      await using opened = await open();
      for (const object of ['../../../../etc/passwd', 'AA'.repeat(16), 'aa']) {
        await expect(opened.objects.create(object, never)).rejects.toThrow(TypeError);
        await expect(opened.objects.remove(object)).rejects.toThrow(TypeError);
      }
    });
  });

  describe(`${name}: reading`, () => {
    test('fills what it is given from any place, up to the end of the object', async () => {
      await using opened = await open();
      const bytes = randomBytes(200_000);
      const reader = await opened.objects.openReader(await stored(opened.objects, bytes));
      for (const [offset, length, count] of [
        [0, 10, 10],
        [199_990, 100, 10],
        [100_000, 100_000, 100_000],
        [200_000, 5, 0],
      ] as const) {
        const asynchronous = Buffer.alloc(length);
        expect(await reader.read(asynchronous, offset)).toBe(count);
        expect(asynchronous.subarray(0, count).equals(bytes.subarray(offset, offset + count))).toBe(true);
        const synchronous = Buffer.alloc(length);
        expect(reader.readSync(synchronous, offset)).toBe(count);
        expect(synchronous.equals(asynchronous)).toBe(true);
      }
      await reader.close();
      await reader.close();
      await expect(reader.read(Buffer.alloc(1), 0)).rejects.toMatchObject({ code: 'read_failed' });
      expect(() => reader.readSync(Buffer.alloc(1), 0)).toThrow(
        expect.objectContaining({ code: 'read_failed' }),
      );
    });

    test('of what is not there says so', async () => {
      await using opened = await open();
      await expect(opened.objects.openReader(newObject())).rejects.toMatchObject({ code: 'object_missing' });
    });

    test('goes on after the object was removed, which may be said twice', async () => {
      await using opened = await open();
      const object = await stored(opened.objects, Buffer.from('still here'));
      const reader = await opened.objects.openReader(object);
      const other = await opened.objects.openReader(object);
      await other.close();
      await opened.objects.remove(object);
      await opened.objects.remove(object);
      const into = Buffer.alloc(10);
      expect(await reader.read(into, 0)).toBe(10);
      expect(into.toString()).toBe('still here');
      await reader.close();
      await expect(opened.objects.openReader(object)).rejects.toMatchObject({ code: 'object_missing' });
      expect(await opened.names()).toEqual([]);
    });

    test('sees what was written before it, while the writer goes on', async () => {
      await using opened = await open();
      const object = newObject();
      const writer = await opened.objects.create(object, never);
      await writer.write([Buffer.from('early')]);
      const reader = await opened.objects.openReader(object);
      expect(await reader.read(Buffer.alloc(10), 0)).toBe(5);
      await writer.write([Buffer.from('later')]);
      const into = Buffer.alloc(10);
      expect(await reader.read(into, 0)).toBe(10);
      expect(into.toString()).toBe('earlylater');
      await reader.close();
      await writer.close();
    });
  });

  test(`${name} says how much room there is`, async () => {
    await using opened = await open();
    const { freeBytes, totalBytes } = await opened.objects.freeSpace();
    expect(freeBytes).toBeGreaterThan(0);
    expect(totalBytes).toBeGreaterThanOrEqual(freeBytes);
  });
}
