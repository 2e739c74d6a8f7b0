import { expect, test } from 'vitest';
import {
  describeDialects,
  newTestRegistry,
  testAdmin,
  testId,
  testNow,
  testRegistry,
} from '../open-test-database.ts';

describeDialects('registries', (open) => {
  test('a registry comes with a key and an admin user who has two passwords', async () => {
    await using database = await open();
    await database.run('createRegistry', newTestRegistry(testId('a2'), 'second', testId('ae')));
    expect(await database.reader.findRegistry('second')).toMatchObject({ id: testId('a2'), keyNumber: 1 });
    expect(await database.reader.registryKeyBox(testId('a2'), 1)).toBeDefined();
    expect(await database.reader.findPrincipal(testId('a2'), 'admin', 'second')).toMatchObject({
      id: testId('ae'),
      enabled: true,
    });
    expect((await database.reader.listCredentials(testId('ae'))).map((row) => row.name)).toEqual([
      'password',
      'password2',
    ]);
  });

  test('a name is taken once, and free again when its registry was deleted', async () => {
    await using database = await open();
    const again = newTestRegistry(testId('a2'), 'cerulean', testId('ae'));
    await expect(database.run('createRegistry', again)).rejects.toMatchObject({ code: 'registry_exists' });
    await database.run('deleteRegistry', { registry: testRegistry });
    expect(await database.reader.findRegistry('cerulean')).toBeUndefined();
    expect(await database.reader.principalById(testAdmin)).toMatchObject({ enabled: false });
    await database.run('createRegistry', again);
    expect(await database.reader.findRegistry('cerulean')).toMatchObject({ id: testId('a2') });
  });

  test('nothing can be pushed to a registry that was deleted', async () => {
    await using database = await open();
    await database.run('deleteRegistry', { registry: testRegistry });
    const put = database.run('setRepository', {
      registry: testRegistry,
      repositoryName: 'app',
      settings: { sparseManifests: true },
    });
    await expect(put).rejects.toMatchObject({ code: 'registry_unknown' });
  });

  test('one password changes while the other stays', async () => {
    await using database = await open();
    const [before] = await database.reader.listCredentials(testAdmin);
    const credential = {
      id: testId('c2'),
      name: 'password2' as const,
      sealedBox: new Uint8Array([5]),
      verifierKind: 'hmac' as const,
      verifierVersion: 2,
      verifier: new Uint8Array([6]),
    };
    await database.run('regenerateCredential', { registry: testRegistry, principal: testAdmin, credential });
    const after = await database.reader.listCredentials(testAdmin);
    expect(after[0]?.id).toBe(before?.id);
    expect(after[1]).toMatchObject({ id: testId('c2'), verifierVersion: 2 });
  });

  test('settings change member by member, and their event tells before and after', async () => {
    await using database = await open();
    await database.run('setRegistry', { registry: testRegistry, change: { anonymousPull: true } });
    const changed = await database.run('setRegistry', {
      registry: testRegistry,
      change: { sparseManifests: true },
    });
    expect(changed).toMatchObject({ anonymousPull: true, sparseManifests: true, adminUserEnabled: true });
    const events = await database.rows("select payload from event where kind = 'registry.set'");
    const after = events.map((event) => JSON.parse(String(event['payload'])).after.sparseManifests);
    expect(new Set(after)).toEqual(new Set([false, true]));
  });

  test('the time of a change of the role assignment mode is kept, and each change has a later one', async () => {
    await using database = await open();
    const set = async (change: object) =>
      (await database.run('setRegistry', { registry: testRegistry, change })).roleAssignmentModeSince;
    expect(await set({ anonymousPull: true })).toBe(0);
    expect(await set({ roleAssignmentMode: 'LegacyRegistryPermissions' })).toBe(0);
    const first = await set({ roleAssignmentMode: 'AbacRepositoryPermissions' });
    expect(first).toBeGreaterThan(0);
    expect(await set({ anonymousPull: false })).toBe(first);
    // Nobody sets it by hand, and there and back is not where it began.
    const back = await set({ roleAssignmentMode: 'LegacyRegistryPermissions', roleAssignmentModeSince: 0 });
    expect(back).toBeGreaterThan(first);
  });

  test('a second first transaction changes nothing', async () => {
    await using database = await open();
    const before = await database.reader.deployment();
    const result = await database.run('initialiseDeployment', {
      incarnation: testId('2'),
      origin: testId('2'),
      rootKeyNumber: 9,
      rootKeyFingerprint: 'other',
      systemKeys: [],
      registry: newTestRegistry(testId('a3'), 'third', testId('af')),
      jobs: [],
    });
    expect(result).toEqual({ created: false });
    expect(await database.reader.deployment()).toEqual(before);
    expect(await database.reader.findRegistry('third')).toBeUndefined();
  });

  test('a system key is added once by its version, and retired at a time', async () => {
    await using database = await open();
    const key = { purpose: 2, version: 1, box: new Uint8Array([1]) };
    expect(await database.run('putSystemKey', key)).toEqual({ stored: true });
    expect(await database.run('putSystemKey', { ...key, box: new Uint8Array([2]) })).toEqual({
      stored: false,
    });
    await database.run('retireSystemKey', { purpose: 2, version: 1 });
    expect(await database.reader.listSystemKeys(2)).toMatchObject([{ version: 1, retiredAt: testNow }]);
  });
});
