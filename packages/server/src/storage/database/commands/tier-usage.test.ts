import { expect, test } from 'vitest';
import {
  describeDialects,
  newTestRegistry,
  type TestDatabase,
  testId,
  testRegistry,
} from '../open-test-database.ts';

const small = testId('a2');

async function openWithBasic(open: () => Promise<TestDatabase>): Promise<TestDatabase> {
  const database = await open();
  await database.run('createRegistry', { ...newTestRegistry(small, 'small', testId('ae')), sku: 'Basic' });
  return database;
}

const map = (name: string) => ({
  registry: small,
  name,
  description: '',
  actions: ['repositories/app/content/read'],
  replaces: false,
});
const token = (number: number) => ({
  id: testId(`b${String(number).padStart(3, '0')}`),
  registry: small,
  name: `token-${number}`,
  scopeMap: '_repositories_pull',
  secrets: [],
});

describeDialects('the tier of a registry', (open) => {
  test('is Premium unless another is given, is changed and told in the event', async () => {
    await using database = await openWithBasic(open);
    expect(await database.reader.findRegistry('cerulean')).toMatchObject({ sku: 'Premium' });
    expect(await database.reader.findRegistry('small')).toMatchObject({ sku: 'Basic' });
    await database.run('setRegistry', { registry: small, change: {}, sku: 'Standard' });
    await database.run('setRegistry', { registry: small, change: { anonymousPull: true } });
    expect(await database.reader.findRegistry('small')).toMatchObject({ sku: 'Standard' });
    const [event] = await database.rows(
      `select payload from event where registry = '${small}' and kind = 'registry.set'`,
    );
    expect(JSON.parse(String(event?.['payload']))).toMatchObject({
      before: { sku: 'Basic' },
      after: { sku: 'Standard' },
    });
  });

  test('Basic has room for a hundred scope maps, and a change of one is no new one', async () => {
    await using database = await openWithBasic(open);
    for (let made = 0; made < 100; made += 1) await database.run('putScopeMap', map(`map-${made}`));
    await expect(database.run('putScopeMap', map('one-more'))).rejects.toMatchObject({
      code: 'resource_invalid',
      message: expect.stringMatching(/Basic has at most 100 scope maps.*--sku/),
    });
    await database.run('putScopeMap', { ...map('map-7'), replaces: true });
    await database.run('deleteScopeMap', { registry: small, name: 'map-7' });
    await database.run('putScopeMap', map('one-more'));
  });

  test('Basic has room for a hundred tokens, Standard for more, and nothing larger becomes smaller', async () => {
    await using database = await openWithBasic(open);
    for (let made = 0; made < 100; made += 1) await database.run('createToken', token(made));
    const more = database.run('createToken', token(100));
    await expect(more).rejects.toMatchObject({
      code: 'resource_invalid',
      message: expect.stringContaining('Basic has at most 100 tokens'),
    });
    await database.run('setRegistry', { registry: small, change: {}, sku: 'Standard' });
    await database.run('createToken', token(100));
    const back = { registry: small, change: { anonymousPull: true }, sku: 'Basic' } as const;
    await expect(database.run('setRegistry', back)).rejects.toMatchObject({
      code: 'resource_in_use',
      message: 'The registry has 101 tokens, and the tier Basic allows 100: delete 1 first.',
    });
    expect(await database.reader.findRegistry('small')).toMatchObject({
      sku: 'Standard',
      settings: { anonymousPull: false },
    });
    await database.run('deleteToken', { id: token(3).id, registry: small });
    await database.run('setRegistry', back);
    // What another registry holds is its own affair.
    await database.run('createToken', { ...token(200), registry: testRegistry });
  });
});
