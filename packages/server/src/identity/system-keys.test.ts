import { describe, expect, test } from 'vitest';
import type { NewSystemKey } from '../registry/commands.ts';
import type { SystemKeyRow } from '../registry/metadata-reader.ts';
import { keyRing } from '../sealing/key-ring.ts';
import { newSigningKey, newSystemKeys } from './new-system-keys.ts';
import { createSystemKeys, systemKeyPurposes } from './system-keys.ts';

const ring = keyRing([{ number: 1, key: Buffer.alloc(32, 9) }]);
const initial = await newSystemKeys(ring);
const second = await newSigningKey(ring, 2);

/** A thread's keys over rows that the test changes; a read that fails is a world that fails. */
function keysOver(rows: readonly NewSystemKey[], { acceptClear = false } = {}) {
  const world = { rows: rows.map((row) => stored(row, 0)), epoch: 1, now: 100_000, reads: 0, broken: false };
  const keys = createSystemKeys({
    reader: {
      async listSystemKeys(purpose) {
        world.reads += 1;
        if (world.broken) throw new Error('disk');
        return world.rows.filter((row) => row.purpose === purpose);
      },
    },
    sealing: { ring, acceptClear },
    epoch: { current: () => world.epoch },
    clock: () => world.now,
  });
  return { world, keys };
}

const stored = (row: NewSystemKey, createdAt: number): SystemKeyRow => ({
  ...row,
  createdAt,
  retiredAt: null,
});

describe('system keys', () => {
  test('a new deployment has one of each purpose', async () => {
    expect(initial.map(({ purpose, version }) => [purpose, version])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 1],
    ]);
    const { keys } = keysOver(initial);
    const verifier = await keys.currentSecret('verifier');
    const uploadToken = await keys.currentSecret('uploadToken');
    expect([verifier.key.length, uploadToken.key.length]).toEqual([32, 32]);
    expect(verifier.key).not.toEqual(uploadToken.key);
    expect(await keys.secret('verifier', 1)).toEqual(verifier.key);
    expect((await keys.signingKey()).privateKey.asymmetricKeyDetails?.modulusLength).toBe(2048);
  });

  test('they are read once, and again when the epoch moved', async () => {
    const { world, keys } = keysOver(initial);
    await keys.currentSecret('verifier');
    await keys.currentSecret('verifier');
    expect(world.reads).toBe(1);
    world.epoch = 2;
    await keys.currentSecret('verifier');
    expect(world.reads).toBe(2);
  });

  test('requests that come at the same time share one read', async () => {
    const { world, keys } = keysOver(initial);
    await Promise.all([keys.signingKey(), keys.signingKey(), keys.signingKeyByHeader('made-up')]);
    expect(world.reads).toBe(1);
  });

  test('a new signing key verifies at once and signs after a minute', async () => {
    const { world, keys } = keysOver(initial);
    const first = await keys.signingKey();
    world.rows.push(stored(second, 100_000));
    world.epoch = 2;
    world.now = 159_999;
    expect((await keys.signingKey()).version).toBe(1);
    world.now = 160_000;
    const newer = await keys.signingKey();
    expect(newer.version).toBe(2);
    expect((await keys.signingKeyByHeader(newer.header))?.version).toBe(2);
    expect((await keys.signingKeyByHeader(first.header))?.version).toBe(1);
  });

  test('a retired key verifies nothing', async () => {
    const { world, keys } = keysOver([...initial, second]);
    const { header } = await keys.signingKey();
    world.rows = world.rows.map((row) => (row.version === 2 ? { ...row, retiredAt: 5 } : row));
    world.epoch = 2;
    expect(await keys.signingKeyByHeader(header)).toBeUndefined();
  });

  test('unknown headers, however many, lead to one read a second', async () => {
    const { world, keys } = keysOver(initial);
    await keys.signingKey();
    world.rows.push(stored(second, 0));
    for (let index = 0; index < 100; index += 1) await keys.signingKeyByHeader(`made-up-${index}`);
    expect(world.reads).toBe(1);
    world.now = 101_000;
    for (let index = 0; index < 100; index += 1) await keys.signingKeyByHeader(`made-up-${index}`);
    expect(world.reads).toBe(2);
    expect((await keys.signingKey()).version).toBe(2);
  });

  test('a failed read leaves the known keys in place', async () => {
    const { world, keys } = keysOver(initial);
    const known = await keys.signingKey();
    world.broken = true;
    world.now = 105_000;
    await expect(keys.signingKeyByHeader('made-up')).rejects.toThrow('disk');
    expect(await keys.signingKeyByHeader(known.header)).toBe(known);
  });

  test('a key that was moved to another purpose or version does not open', async () => {
    const moved = initial.map((row) =>
      row.purpose === systemKeyPurposes.uploadToken ? { ...row, purpose: 1, version: 2 } : row,
    );
    await expect(keysOver(moved).keys.currentSecret('verifier')).rejects.toMatchObject({
      code: 'authentication_failed',
    });
  });

  test('a clear key that somebody wrote into the database is refused', async () => {
    const clear = await newSystemKeys(undefined);
    await expect(keysOver(clear).keys.currentSecret('verifier')).rejects.toMatchObject({
      code: 'clear_refused',
    });
    expect((await keysOver(clear, { acceptClear: true }).keys.currentSecret('verifier')).version).toBe(1);
  });
});
