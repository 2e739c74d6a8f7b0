import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatKeyRing, keyFingerprint, keyRing, parseKeyRing } from './key-ring.ts';
import { createKeyRing, defaultKeyFile, readKeyRing } from './key-ring-file.ts';

const one = { number: 1, key: Buffer.alloc(32, 0xaa) };
const two = { number: 2, key: Buffer.alloc(32, 0xbb) };
// SHA-256 of "cerulean key checksum" 00, the number as u32, the key: its first 4 bytes.
const checksum = (number: number, byte: number) =>
  createHash('sha256')
    .update(
      Buffer.concat([
        Buffer.from('cerulean key checksum\0'),
        Buffer.from([0, 0, 0, number]),
        Buffer.alloc(32, byte),
      ]),
    )
    .digest('hex')
    .slice(0, 8);
const lineOne = `1 ${'aa'.repeat(32)} ${checksum(1, 0xaa)}`;
const lineTwo = `2 ${'bb'.repeat(32)} ${checksum(2, 0xbb)}`;

async function dataFolder() {
  const path = await mkdtemp(join(tmpdir(), 'cerulean-keys-'));
  return { path, file: defaultKeyFile(path), [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

describe('a key ring', () => {
  test('is written as lines of number, key and checksum', () => {
    const lines = formatKeyRing(keyRing([two, one])).split('\n');
    expect(lines[0]).toMatch(/^# /);
    expect(lines.slice(1)).toEqual([lineOne, lineTwo, '']);
  });

  test('seals with its highest number and opens with every one', () => {
    const ring = parseKeyRing(`# a comment\r\n\n${lineTwo}\r\n${lineOne}\n`, 'file');
    expect(ring.current.number).toBe(2);
    expect(ring.keyOf(1)).toEqual(one.key);
    expect(ring.keyOf(2)).toEqual(two.key);
    expect(ring.keyOf(3)).toBeUndefined();
  });

  test.each([
    ['an empty file', ''],
    ['a number twice', `${lineOne}\n${lineOne}\n`],
    ['a wrong checksum', lineOne.replace(/.$/, (last) => (last === '0' ? '1' : '0'))],
    ['another number under the checksum', lineOne.replace(/^1/, '3')],
    ['a short key', `1 ${'aa'.repeat(31)} 00000000`],
    ['number 0', lineOne.replace(/^1/, '0')],
    ['words', 'hello there'],
  ])('is refused for %s, naming the file and no key', (_, text) => {
    try {
      parseKeyRing(text, '/etc/keys/root.key');
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        code: 'key_file_malformed',
        message: expect.stringContaining('/etc/keys/root.key'),
      });
      expect(String(error)).not.toContain('aaaa');
    }
  });

  test('names a key by a fingerprint that is no part of it', () => {
    const expected = createHash('sha256')
      .update('cerulean key fingerprint\0')
      .update(one.key)
      .digest('hex')
      .slice(0, 16);
    expect(keyFingerprint(one.key)).toBe(expected);
    expect(keyFingerprint(two.key)).not.toBe(expected);
  });
});

describe('a key file', () => {
  test('is made with a fresh key, for its owner only, and reads back', async () => {
    await using folder = await dataFolder();
    const made = await createKeyRing(folder.file);
    expect(made.current.number).toBe(1);
    expect(made.current.key.length).toBe(32);
    const read = await readKeyRing(folder.file);
    expect(Buffer.from(read.current.key).equals(made.current.key)).toBe(true);
    expect(await readdir(dirname(folder.file))).toEqual(['root.key']);
    if (process.platform !== 'win32') {
      expect((await stat(folder.file)).mode & 0o777).toBe(0o600);
      expect((await stat(dirname(folder.file))).mode & 0o777).toBe(0o700);
    }
  });

  test('that is there is never replaced', async () => {
    await using folder = await dataFolder();
    await createKeyRing(folder.file);
    const before = await readFile(folder.file, 'utf8');
    await expect(createKeyRing(folder.file)).rejects.toMatchObject({ code: 'key_file_exists' });
    expect(await readFile(folder.file, 'utf8')).toBe(before);
    expect(await readdir(dirname(folder.file))).toEqual(['root.key']);
  });

  test('made by two at once is made once', async () => {
    await using folder = await dataFolder();
    const outcomes = await Promise.allSettled([createKeyRing(folder.file), createKeyRing(folder.file)]);
    const made = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    expect(made.length).toBe(1);
    const read = await readKeyRing(folder.file);
    expect(Buffer.from(read.current.key).equals(made[0]!.value.current.key)).toBe(true);
  });

  test('that is missing is an error that says where it should be', async () => {
    await using folder = await dataFolder();
    await expect(readKeyRing(folder.file)).rejects.toMatchObject({
      code: 'key_file_missing',
      message: expect.stringContaining(folder.file),
    });
  });

  test.skipIf(process.platform === 'win32').each([0o604, 0o602, 0o644])(
    'with mode %o is refused',
    async (mode) => {
      await using folder = await dataFolder();
      await createKeyRing(folder.file);
      await chmod(folder.file, mode);
      await expect(readKeyRing(folder.file)).rejects.toMatchObject({ code: 'key_file_exposed' });
    },
  );

  test.skipIf(process.platform === 'win32')('may be read by its group, as a mounted Secret is', async () => {
    await using folder = await dataFolder();
    await createKeyRing(folder.file);
    await chmod(folder.file, 0o440);
    await expect(readKeyRing(folder.file)).resolves.toMatchObject({ current: { number: 1 } });
  });

  test('that is a folder or much too long is not usable', async () => {
    await using folder = await dataFolder();
    await expect(readKeyRing(folder.path)).rejects.toMatchObject({ name: 'SealingError' });
    const long = join(folder.path, 'long');
    await writeFile(long, randomBytes(70_000), { mode: 0o600 });
    await expect(readKeyRing(long)).rejects.toMatchObject({ code: 'key_file_malformed' });
  });
});
