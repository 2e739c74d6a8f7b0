import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mintUploadToken, readUploadToken, type UploadMac } from './upload-token.ts';

const keys = new Map([
  [1, randomBytes(32)],
  [2, randomBytes(32)],
]);
const keyOf = (version: number) => ({ version, key: keys.get(version) ?? randomBytes(32) });
const mac: UploadMac = { current: async () => keyOf(2), byVersion: async (version) => keys.get(version) };
const owner = { registry: 'a'.repeat(32), repositoryName: 'app/web', principal: 'b'.repeat(32) };
const upload = {
  ...owner,
  blob: '0123456789abcdef0123456789abcdef',
  algorithm: 'sha512',
  expiresAt: 1_900_000_000_123,
};
const now = 1_800_000_000_000;

test('a token says what the upload was, under an older key too', async () => {
  for (const version of [1, 2]) {
    const token = mintUploadToken(upload, keyOf(version));
    expect(await readUploadToken(token, owner, { mac, now })).toEqual(upload);
    expect(token).toMatch(/^[\w-]+$/);
  }
});

test.each([
  ['another registry', { registry: 'c'.repeat(32) }],
  ['another repository', { repositoryName: 'app' }],
  ['another principal', { principal: 'c'.repeat(32) }],
  [
    'letters that moved from one part to the next',
    { repositoryName: `app/we`, principal: `b${owner.principal}` },
  ],
])('is nothing to %s', async (_who, change) => {
  const token = mintUploadToken(upload, keyOf(2));
  await expect(readUploadToken(token, { ...owner, ...change }, { mac, now })).rejects.toMatchObject({
    code: 'upload_unknown',
  });
});

test('ends with its time, and with its key', async () => {
  const token = mintUploadToken(upload, keyOf(2));
  const late = { mac, now: upload.expiresAt };
  await expect(readUploadToken(token, owner, late)).rejects.toMatchObject({ code: 'upload_unknown' });
  const forgotten = { current: mac.current, byVersion: async () => undefined };
  await expect(readUploadToken(token, owner, { mac: forgotten, now })).rejects.toMatchObject({
    code: 'upload_unknown',
  });
});

test('no changed bit and no other text is a token, and all look the same', async () => {
  const token = Buffer.from(mintUploadToken(upload, keyOf(2)), 'base64url');
  const messages = new Set<string>();
  const refuse = async (text: string): Promise<void> => {
    await readUploadToken(text, owner, { mac, now }).then(
      () => expect.unreachable('it was read'),
      (error: Error & { code: string }) => {
        expect(error.code).toBe('upload_unknown');
        messages.add(error.message);
      },
    );
  };
  for (let bit = 0; bit < token.length * 8; bit += 1) {
    const changed = Buffer.from(token);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    await refuse(changed.toString('base64url'));
  }
  await fc.assert(fc.asyncProperty(fc.string({ maxLength: 100 }), refuse), { numRuns: 200 });
  await refuse(`${token.toString('base64url')}=`);
  await refuse(`${token.toString('base64')}`.replace(/^/, ' '));
  expect(messages.size).toBe(1);
});
