import { createHmac, scryptSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { makeVerifier, repeatVerifier } from './credential-verifier.ts';

const secret = { version: 1, key: Buffer.alloc(32, 7) };
const otherKey = Buffer.alloc(32, 8);
const generated = { id: 'a'.repeat(32), verifierKind: 'hmac' } as const;
const chosen = { id: 'a'.repeat(32), verifierKind: 'scrypt' } as const;
const mac = (key: Buffer, value: string | Buffer) =>
  createHmac('sha256', key)
    .update(`cerulean verifier\0${'a'.repeat(32)}\0`)
    .update(value)
    .digest();

describe('the verifier of a generated password', () => {
  test('is an HMAC under the versioned key, bound to the credential', async () => {
    expect(await makeVerifier(generated, 'pässword', secret)).toEqual(mac(secret.key, 'pässword'));
    expect(await makeVerifier({ ...generated, id: 'b'.repeat(32) }, 'pässword', secret)).not.toEqual(
      mac(secret.key, 'pässword'),
    );
  });
});

describe('the verifier of a chosen password', () => {
  test('is an HMAC over scrypt with the salt and the costs that it names', async () => {
    const verifier = await makeVerifier(chosen, 'hunter2', secret);
    expect([...verifier.subarray(0, 4)]).toEqual([1, 15, 8, 1]);
    const salt = verifier.subarray(4, 20);
    const stretched = scryptSync('hunter2', salt, 32, { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 });
    expect(verifier.subarray(20)).toEqual(mac(secret.key, stretched));
  });

  test('has another salt each time, and is found again from its own', async () => {
    const first = await makeVerifier(chosen, 'hunter2', secret);
    const second = await makeVerifier(chosen, 'hunter2', secret);
    expect(first.equals(second)).toBe(false);
    expect(await repeatVerifier({ ...chosen, verifier: first }, 'hunter2', secret.key)).toEqual(first);
  });

  test('fits neither another password nor another key: the database alone lets nobody try', async () => {
    const verifier = await makeVerifier(chosen, 'hunter2', secret);
    expect(await repeatVerifier({ ...chosen, verifier }, 'hunter3', secret.key)).not.toEqual(verifier);
    expect(await repeatVerifier({ ...chosen, verifier }, 'hunter2', otherKey)).not.toEqual(verifier);
  });

  test('passwords count to their last byte, also beyond 72', async () => {
    const long = 'x'.repeat(80);
    const verifier = await makeVerifier(chosen, long, secret);
    expect(await repeatVerifier({ ...chosen, verifier }, `${'x'.repeat(79)}y`, secret.key)).not.toEqual(
      verifier,
    );
  });

  test.each([
    ['another form', (verifier: Buffer) => verifier.fill(2, 0, 1)],
    ['costs that would take all memory', (verifier: Buffer) => verifier.fill(30, 1, 2)],
    ['no cost', (verifier: Buffer) => verifier.fill(0, 1, 2)],
    ['another length', (verifier: Buffer) => verifier.subarray(1)],
    ['nothing', () => Buffer.alloc(0)],
  ])('a row with %s is not computed at all', async (_name, change) => {
    const verifier = change(await makeVerifier(chosen, 'hunter2', secret));
    expect(repeatVerifier({ ...chosen, verifier }, 'hunter2', secret.key)).toBeUndefined();
  });
});
