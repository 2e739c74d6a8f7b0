import { expect, test } from 'vitest';
import { describeDialects, randomId, type TestDatabase, testId, testNow } from '../open-test-database.ts';

const tenant = testId('7e');
const ann = testId('aa');
const node = testId('bb');
const password = testId('cc');
const client = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
const grace = 30_000;
const hash = (name: string) => Buffer.from(name).toString('hex').padEnd(64, '0');

async function openWithUser(open: () => Promise<TestDatabase>): Promise<TestDatabase> {
  const database = await open();
  const names = { tenantName: 'contoso', subscription: testId('5b'), subscriptionName: 'cerulean' };
  await database.run('ensureDirectory', { tenant, ...names });
  await database.run('createPrincipal', { id: ann, tenant, kind: 'user', name: 'ann', appId: null });
  const identity = { id: node, tenant, name: 'node', appId: testId('b2') };
  await database.run('createPrincipal', { ...identity, kind: 'managed-identity' });
  await setPassword(database, password);
  return database;
}

const setPassword = (database: TestDatabase, id: string, principal = ann) =>
  database.run('setUserPassword', {
    stream: tenant,
    principal,
    password: { id, verifierKind: 'scrypt', verifierVersion: 1, verifier: new Uint8Array([1]) },
  });

const begin = (database: TestDatabase, family: string, first: string, at = testNow) =>
  database.run(
    'beginRefreshFamily',
    {
      stream: tenant,
      family: {
        id: randomId(),
        principal: ann,
        password,
        client,
        familyHash: hash(family),
        tokenHash: hash(first),
        expiresAt: at + 90 * 86_400_000,
      },
    },
    at,
  );

const use = (
  database: TestDatabase,
  token: string,
  { next = `${token}+`, family = 'f', at = testNow + 1000, by = client } = {},
) =>
  database.run(
    'rotateRefreshToken',
    {
      stream: tenant,
      client: by,
      familyHash: hash(family),
      tokenHash: hash(token),
      nextHash: hash(next),
      graceMs: grace,
    },
    at,
  );

const families = async (database: TestDatabase) =>
  (await database.rows('select family_hash from refresh_family order by family_hash')).length;
const events = async (database: TestDatabase) =>
  (await database.rows("select kind from event where kind like 'sign-in%' order by at, kind")).map(
    ({ kind }) => kind,
  );

describeDialects('a sign-in', (open) => {
  test('gives one token after the other', async () => {
    await using database = await openWithUser(open);
    await begin(database, 'f', 'one');
    expect(await use(database, 'one', { next: 'two' })).toEqual({ outcome: 'rotated', principal: ann });
    expect(await use(database, 'two', { next: 'three' })).toEqual({ outcome: 'rotated', principal: ann });
    expect(await use(database, 'three')).toEqual({ outcome: 'rotated', principal: ann });
    expect(await events(database)).toEqual(['sign-in.begin']);
  });

  test('of two uses of one token at once gives both the same next one, and rotates once', async () => {
    await using database = await openWithUser(open);
    await begin(database, 'f', 'one');
    const outcomes = await Promise.all(
      Array.from({ length: 4 }, () => use(database, 'one', { next: 'two' })),
    );
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual([
      'repeated',
      'repeated',
      'repeated',
      'rotated',
    ]);
    const [row] = await database.rows('select rotations, current_hash from refresh_family');
    expect([Number(row?.['rotations']), row?.['current_hash']]).toEqual([1, hash('two')]);
  });

  test('gives the next token again for as long as an answer may be lost, and not a moment longer', async () => {
    await using database = await openWithUser(open);
    await begin(database, 'f', 'one');
    await use(database, 'one', { next: 'two', at: testNow });
    const again = (at: number) => use(database, 'one', { next: 'two', at });
    expect(await again(testNow + grace)).toMatchObject({ outcome: 'repeated' });
    expect(await again(testNow + grace + 1)).toEqual({ outcome: 'reused', principal: ann });
  });

  test('is over when a token comes that was used before, and the newest is worth nothing then', async () => {
    await using database = await openWithUser(open);
    await begin(database, 'f', 'one');
    await begin(database, 'other', 'first');
    await use(database, 'one', { next: 'two' });
    await use(database, 'two', { next: 'three' });
    expect(await use(database, 'one', { next: 'two' })).toEqual({ outcome: 'reused', principal: ann });
    expect(await use(database, 'three')).toEqual({ outcome: 'unknown' });
    expect(await use(database, 'one')).toEqual({ outcome: 'unknown' });
    expect(await events(database)).toEqual(['sign-in.begin', 'sign-in.begin', 'sign-in.reuse']);
    expect(await use(database, 'first', { family: 'other' })).toMatchObject({ outcome: 'rotated' });
  });

  test('of many uses of a used token at once ends once', async () => {
    await using database = await openWithUser(open);
    await begin(database, 'f', 'one');
    await use(database, 'one', { next: 'two' });
    const late = { next: 'two', at: testNow + 10 * grace };
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => use(database, 'one', late)));
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual([
      'reused',
      'unknown',
      'unknown',
      'unknown',
    ]);
    expect(await events(database)).toEqual(['sign-in.begin', 'sign-in.reuse']);
  });

  test('knows its tokens from those of another program, of another sign-in and of nobody', async () => {
    await using database = await openWithUser(open);
    await begin(database, 'f', 'one');
    const unknown = { outcome: 'unknown' };
    expect(await use(database, 'one', { by: testId('9') })).toEqual(unknown);
    expect(await use(database, 'one', { family: 'none' })).toEqual(unknown);
    expect(await use(database, 'one')).toMatchObject({ outcome: 'rotated' });
  });

  test('is over with its time, and then with its row', async () => {
    await using database = await openWithUser(open);
    await begin(database, 'f', 'one');
    await begin(database, 'later', 'first', testNow + 1);
    const end = testNow + 90 * 86_400_000;
    expect(await use(database, 'one', { at: end })).toEqual({ outcome: 'unknown' });
    expect(await database.run('expireRefreshFamilies', { limit: 10 }, end - 1)).toEqual({ expired: 0 });
    expect(await database.run('expireRefreshFamilies', { limit: 10 }, end)).toEqual({ expired: 1 });
    expect(await families(database)).toBe(1);
  });

  test.each([
    ['another password', (database: TestDatabase) => setPassword(database, testId('dd'))],
    [
      'the loss of the password',
      (database: TestDatabase) => database.run('deleteUserPassword', { stream: tenant, principal: ann }),
    ],
    [
      'the user’s being disabled',
      (database: TestDatabase) => database.run('enablePrincipal', { id: ann, enabled: false }),
    ],
    ['the user’s deletion', (database: TestDatabase) => database.run('deletePrincipal', { id: ann })],
  ])('is over with %s, and none begins with what was shown before', async (_what, change) => {
    await using database = await openWithUser(open);
    await begin(database, 'f', 'one');
    await change(database);
    expect(await use(database, 'one')).toEqual({ outcome: 'unknown' });
    await expect(begin(database, 'g', 'first')).rejects.toMatchObject({
      code: expect.stringMatching(/^(unauthorized|resource_unknown)$/),
    });
    expect(await families(database)).toBe(0);
  });

  test('does not come back with a user who is enabled again', async () => {
    await using database = await openWithUser(open);
    await begin(database, 'f', 'one');
    await database.run('enablePrincipal', { id: ann, enabled: false });
    await database.run('enablePrincipal', { id: ann, enabled: true });
    expect(await use(database, 'one')).toEqual({ outcome: 'unknown' });
  });

  test('one of too many ends that which was used longest ago', async () => {
    await using database = await openWithUser(open);
    for (let at = 0; at < 50; at += 1) await begin(database, `f${at}`, 'one', testNow + at);
    await use(database, 'one', { family: 'f0', next: 'two', at: testNow + 100 });
    await begin(database, 'new', 'one', testNow + 200);
    expect(await families(database)).toBe(50);
    const at = testNow + 300;
    expect(await use(database, 'one', { family: 'f1', at })).toEqual({ outcome: 'unknown' });
    expect(await use(database, 'two', { family: 'f0', at })).toMatchObject({ outcome: 'rotated' });
  });
});

describeDialects('a password', (open) => {
  test('is a user’s, who has one at a time', async () => {
    await using database = await openWithUser(open);
    await setPassword(database, testId('dd'));
    expect(await database.reader.userPassword(ann)).toMatchObject({
      id: testId('dd'),
      verifierKind: 'scrypt',
    });
    await expect(setPassword(database, testId('ee'), node)).rejects.toMatchObject({
      code: 'resource_invalid',
    });
    await database.run('deleteUserPassword', { stream: tenant, principal: ann });
    expect(await database.reader.userPassword(ann)).toBeUndefined();
    await expect(
      database.run('deleteUserPassword', { stream: tenant, principal: ann }),
    ).rejects.toMatchObject({ code: 'resource_unknown' });
    expect((await database.reader.directoryPrincipalByName(tenant, 'ann'))?.id).toBe(ann);
    expect(await database.reader.directoryPrincipalByName(testId('7f'), 'ann')).toBeUndefined();
  });
});

describeDialects('an identity binding', (open) => {
  const bind = (database: TestDatabase, id: string, identity = node) =>
    database.run('addIdentityBinding', {
      stream: tenant,
      binding: { id, identity, systemAssigned: false, caller: { kind: 'address', network: '10.0.0.0/8' } },
    });

  test('is a managed identity’s, and goes with it', async () => {
    await using database = await openWithUser(open);
    await bind(database, testId('b1'));
    const header = { kind: 'header', verifierVersion: 2, verifier: new Uint8Array([1, 2]) } as const;
    const binding = { id: testId('b2'), identity: node, systemAssigned: true, caller: header };
    await database.run('addIdentityBinding', { stream: tenant, binding }, testNow + 1);
    expect(await database.reader.listIdentityBindings()).toMatchObject([
      { id: testId('b1'), identity: node, systemAssigned: false, caller: { network: '10.0.0.0/8' } },
      { id: testId('b2'), systemAssigned: true, caller: { kind: 'header', verifierVersion: 2 } },
    ]);
    await expect(bind(database, testId('b3'), ann)).rejects.toMatchObject({ code: 'resource_invalid' });
    await database.run('deleteIdentityBinding', { stream: tenant, id: testId('b1') });
    await expect(
      database.run('deleteIdentityBinding', { stream: tenant, id: testId('b1') }),
    ).rejects.toMatchObject({ code: 'resource_unknown' });
    await database.run('deletePrincipal', { id: node });
    expect(await database.reader.listIdentityBindings()).toEqual([]);
  });
});
