import { join } from 'node:path';
import { expect, test } from 'vitest';
import './patient-tests.ts';
import { type Patch, withPatchedSource } from './patched-source.ts';
import { adminOf, expectStatus, type PushedImage, sha256 } from './registry-client.ts';
import { filesHolding, scratchFolder } from './scratch-folder.ts';
import { startServer } from './server-process.ts';

/** Texts that nothing else on the disk is likely to hold. */
const marks = {
  small: 'plaintext-of-the-small-blob',
  large: 'plaintext-of-the-large-blob',
  annotation: 'plaintext-of-the-annotation',
  label: 'plaintext-of-the-label',
  unfinished: 'plaintext-of-the-unfinished-upload',
};

/** Bytes that say the mark again and again, in every chunk. */
const marked = (mark: string, bytes: number): Buffer => Buffer.alloc(bytes, `${mark}\n`);
const small = marked(marks.small, 1024);
const large = marked(marks.large, 1024 * 1024);

interface Lived {
  /** The marks that lay readable on the disk, while the server ran or after it stopped. */
  readonly readable: readonly string[];
  /** What does not come back as it was pushed. */
  readonly flaws: readonly string[];
  readonly image: PushedImage;
  readonly password: string;
}

/** Pushes each mark: as a blob of a row, a blob of a file, an unfinished upload, an annotation and a label. */
async function pushMarks(data: string, options: { args?: string[]; project?: string } = {}): Promise<Lived> {
  const server = await startServer({ data, ...options });
  const client = adminOf(server);
  const image = await client.pushImage('app', 'v1', {
    layer: large,
    annotations: { note: marks.annotation },
    labels: { note: marks.label },
  });
  await client.pushBlob('app', small);
  const upload = await client.startUpload('app');
  expectStatus(await client.patch(upload, marked(marks.unfinished, 100_000)), 202);
  const whileRunning = await findMarks(data);
  // A broken connection is a flaw like any other.
  const flaws = await client.flawsOf(image).catch((error: unknown) => [String(error)]);
  await server.end();
  const readable = new Set([...whileRunning, ...(await findMarks(data))]);
  return { readable: [...readable].sort(), flaws, image, password: server.password };
}

async function findMarks(data: string): Promise<string[]> {
  const found: string[] = [];
  for (const [name, mark] of Object.entries(marks)) {
    if ((await filesHolding(data, mark)).length > 0) found.push(name);
  }
  return found;
}

async function nothingIsReadable(project?: string): Promise<void> {
  await using folder = await scratchFolder();
  const { readable, flaws } = await pushMarks(
    join(folder.path, 'data'),
    project === undefined ? {} : { project },
  );
  expect(readable, 'readable on the disk').toEqual([]);
  expect(flaws).toEqual([]);
}

test('no byte of a blob, an upload, a manifest or a label lies readable on the disk', () =>
  nothingIsReadable());

const sealsNothing: Patch[] = [
  {
    file: 'packages/server/src/sealing/segment-sealer.ts',
    replace: [
      ['sealed.push(cipher.update(chunk));', 'cipher.update(chunk); sealed.push(Buffer.from(chunk));'],
    ],
  },
  {
    file: 'packages/server/src/sealing/registry-manifest-sealer.ts',
    replace: [['const plaintext = Buffer.from(json);', 'return clearBox(Buffer.from(json));']],
  },
];

test.each(sealsNothing)('what is left readable by a bug in $file is found', async (patch) => {
  await expect(withPatchedSource(patch, nothingIsReadable)).rejects.toThrow('readable on the disk');
});

test('--encryption none leaves all readable; back under encryption it is served only to whoever says so', async () => {
  await using folder = await scratchFolder();
  const data = join(folder.path, 'data');
  const { readable, flaws, image, password } = await pushMarks(data, { args: ['--encryption', 'none'] });
  expect(readable).toEqual(Object.keys(marks).sort());
  expect(flaws).toEqual([]);

  const strict = await startServer({ data, password });
  const refused = [];
  for (const path of [
    '/v2/app/manifests/v1',
    `/v2/app/blobs/${sha256(small)}`,
    `/v2/app/blobs/${sha256(large)}`,
  ]) {
    refused.push(await adminOf(strict).get(path));
  }
  const fresh = await adminOf(strict).pushImage('sealed', 'v1', { layer: Buffer.from('new content') });
  expect(await adminOf(strict).flawsOf(fresh)).toEqual([]);
  await strict.end();
  for (const { status, body } of refused) {
    expect(status).toBe(503);
    expect(body.includes('plaintext')).toBe(false);
  }
  const told = strict.log().filter(({ level }) => level === 'warn' || level === 'error');
  expect(told.map(({ failure }) => failure)).toEqual(Array(3).fill('clear_refused'));
  // The operator learns from the log what to do.
  for (const { err } of told) expect((err as { message?: string }).message).toContain('--read-unencrypted');

  await using lenient = await startServer({ data, password, args: ['--read-unencrypted'] });
  expect(await adminOf(lenient).flawsOf(image)).toEqual([]);
  expect(await adminOf(lenient).flawsOf(fresh)).toEqual([]);
});
