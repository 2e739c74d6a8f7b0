import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import './patient-tests.ts';
import { adminOf, type PushedImage } from './registry-client.ts';
import { filesBelow, scratchFolder } from './scratch-folder.ts';
import { startInVain, startServer } from './server-process.ts';

let folder: Awaited<ReturnType<typeof scratchFolder>>;
let data: string;
let keyFile: string;
let key: string;
let password: string;
let image: PushedImage;

beforeAll(async () => {
  folder = await scratchFolder();
  data = join(folder.path, 'data');
  keyFile = join(data, 'keys', 'root.key');
  const server = await startServer({ data });
  password = server.password;
  image = await adminOf(server).pushImage('app', 'v1', { layer: Buffer.alloc(100_000, 'a') });
  await server.end();
  key = await readFile(keyFile, 'utf8');
});
beforeEach(async () => {
  await rm(keyFile, { force: true });
  await writeFile(keyFile, key, { mode: 0o600 });
});
afterAll(async () => folder[Symbol.asyncDispose]());

/** Refused with a text for the operator and no stack, without a change to anything. */
async function refused(): Promise<string> {
  const before = await contents();
  const { code, stdout, stderr } = await startInVain({ data });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^cerulean: /);
  expect(stderr).not.toContain('    at ');
  expect(await contents()).toEqual(before);
  return stderr;
}

async function contents(): Promise<Record<string, string>> {
  const files = (await filesBelow(data)).filter((file) => !/^lock\.db|-shm$|-wal$/.test(file));
  return Object.fromEntries(
    await Promise.all(
      files.map(async (file) => [
        file,
        createHash('sha256')
          .update(await readFile(join(data, file)))
          .digest('hex'),
      ]),
    ),
  );
}

/** A key file with one key, as docs/format.md describes it. */
function keyFileWith(secret: Uint8Array, number = 1): string {
  const head = Buffer.concat([
    Buffer.from('cerulean key checksum\0'),
    Buffer.from([0, 0, 0, number]),
    secret,
  ]);
  const checksum = createHash('sha256').update(head).digest('hex').slice(0, 8);
  return `${number} ${Buffer.from(secret).toString('hex')} ${checksum}\n`;
}

test('a database without its key is refused, and the missing file is named', async () => {
  await rename(keyFile, `${keyFile}.elsewhere`);
  const text = await refused();
  await rm(`${keyFile}.elsewhere`);
  expect(text).toContain(keyFile);
  expect(text).toContain('backup');
  expect(await filesBelow(join(data, 'keys'))).toEqual([]);
});

test('a database with another key is refused by the fingerprint that it needs', async () => {
  await writeFile(keyFile, keyFileWith(randomBytes(32)));
  const text = await refused();
  const secret = Buffer.from(/^1 ([0-9a-f]{64}) /m.exec(key)?.[1] ?? '', 'hex');
  const fingerprint = createHash('sha256')
    .update('cerulean key fingerprint\0')
    .update(secret)
    .digest('hex')
    .slice(0, 16);
  expect(text).toContain(keyFile);
  expect(text).toContain(fingerprint);
});

test.each([
  ['no key at all', 'not a key file\n'],
  ['a key that is cut short', '1 00112233 00000000\n'],
  ['a key with a wrong checksum', `1 ${'07'.repeat(32)} 00000000\n`],
  ['nothing', ''],
])('a key file that holds %s is refused by its name', async (_what, text) => {
  await writeFile(keyFile, text);
  expect(await refused()).toContain(keyFile);
});

test('a key file that every user may read is refused with the command that closes it', async () => {
  await chmod(keyFile, 0o604);
  expect(await refused()).toContain(`chmod 600 ${keyFile}`);
});

test('a schema that is newer than the program is refused with what to do', async () => {
  const change = (by: number): void => {
    const database = new DatabaseSync(join(data, 'cerulean.db'));
    database.exec(`update schema_version set version = version + ${by}`);
    database.exec('pragma wal_checkpoint(truncate)');
    database.close();
  };
  change(1);
  try {
    const text = await refused();
    expect(text).toContain('run a newer Cerulean');
  } finally {
    change(-1);
  }
});

test('a key without a database is used and left as it is', async () => {
  const fresh = join(folder.path, 'fresh');
  await mkdir(join(fresh, 'keys'), { recursive: true });
  const given = keyFileWith(randomBytes(32), 7);
  const file = join(fresh, 'keys', 'root.key');
  await writeFile(file, given, { mode: 0o600 });
  await using server = await startServer({ data: fresh });
  expect(await readFile(file, 'utf8')).toBe(given);
  await adminOf(server).pushImage('app', 'v1', { layer: Buffer.alloc(100_000, 'b') });
});

test('after all that was refused, the right key opens everything again', async () => {
  await using server = await startServer({ data, password });
  expect(await adminOf(server).flawsOf(image)).toEqual([]);
});
