import { expect, test } from 'vitest';
import { makeCredential, revealPassword } from './make-credential.ts';

const key = Buffer.alloc(32, 1);
const ids = { id: 'a'.repeat(32), principal: 'b'.repeat(32) };
const verifierSecret = { version: 3, key: Buffer.alloc(32, 2) };
const options = {
  ...ids,
  name: 'password',
  password: 'sesame',
  chosenBy: 'generator',
  verifierSecret,
} as const;
const keyOf = (number: number) => (number === 5 ? key : undefined);

test('a credential keeps its password sealed, and shows it to whoever has the key', async () => {
  const credential = await makeCredential({ ...options, sealingKey: { number: 5, key } });
  expect(credential).toMatchObject({
    id: ids.id,
    name: 'password',
    verifierKind: 'hmac',
    verifierVersion: 3,
  });
  expect(Buffer.from(credential.sealedBox).includes('sesame')).toBe(false);
  expect(revealPassword({ ...ids, credential, keyOf, acceptClear: false })).toBe('sesame');
});

test('a box that was moved to another principal or another credential does not open', async () => {
  const credential = await makeCredential({ ...options, sealingKey: { number: 5, key } });
  const reveal = (principal: string, id: string) => () =>
    revealPassword({ principal, credential: { ...credential, id }, keyOf, acceptClear: false });
  expect(reveal('c'.repeat(32), ids.id)).toThrow(expect.objectContaining({ code: 'authentication_failed' }));
  expect(reveal(ids.principal, 'c'.repeat(32))).toThrow(
    expect.objectContaining({ code: 'authentication_failed' }),
  );
});

test('without encryption the box is clear, and only a server without encryption accepts it', async () => {
  const credential = await makeCredential({ ...options, sealingKey: { number: 0, key } });
  expect(revealPassword({ ...ids, credential, keyOf, acceptClear: true })).toBe('sesame');
  expect(() => revealPassword({ ...ids, credential, keyOf, acceptClear: false })).toThrow(
    expect.objectContaining({ code: 'clear_refused' }),
  );
});

test('a password that a person chose gets the costly verifier', async () => {
  const credential = await makeCredential({ ...options, chosenBy: 'person', sealingKey: { number: 5, key } });
  expect(credential.verifierKind).toBe('scrypt');
});
