import { expect, test } from 'vitest';
import type { NewTrustedIssuer } from '../../../registry/access-commands.ts';
import {
  describeDialects,
  newTestRegistry,
  type TestDatabase,
  testId,
  testRegistry,
} from '../open-test-database.ts';

const tenant = testId('7e');
const subscription = testId('5b');
const issuer: NewTrustedIssuer = {
  id: testId('a1'),
  tenant,
  name: 'jobs',
  issuer: 'https://issuer.example',
  audience: 'cerulean.azurecr.localhost',
  subject: 'repo:org/app:*',
  claims: [{ name: 'ref', pattern: 'refs/heads/*' }],
  role: '7f951dda-4ed3-4680-a7ca-43fe172d538d',
  scope: { kind: 'registry', registry: testRegistry },
  keys: null,
  jwksUri: 'https://issuer.example/keys',
  ca: null,
};
const subject = 'repo:org/app:ref:refs/heads/main';
const admitted = { trustedIssuer: issuer.id, subject, stream: testRegistry };

async function openWithIssuer(open: () => Promise<TestDatabase>): Promise<TestDatabase> {
  const database = await open();
  await database.run('ensureDirectory', { tenant, subscription, tenantName: 't', subscriptionName: 's' });
  await database.run('addTrustedIssuer', { stream: testRegistry, issuer });
  return database;
}

describeDialects('trusted issuers', (open) => {
  test('are read as they were made, oldest first, and a name is taken once', async () => {
    await using database = await openWithIssuer(open);
    const given = { keys: '{"keys":[]}', jwksUri: null, ca: 'PEM' };
    const everywhere = { kind: 'subscription', subscription } as const;
    const all = { ...issuer, ...given, id: testId('a2'), name: 'all', claims: [], scope: everywhere };
    await database.run('addTrustedIssuer', { stream: tenant, issuer: all });
    const rows = await database.reader.listTrustedIssuers();
    expect(
      rows.map(({ name, scope, claims, keys, jwksUri, ca, enabled }) => [
        name,
        scope,
        claims,
        keys,
        jwksUri,
        ca,
        enabled,
      ]),
    ).toEqual([
      ['jobs', issuer.scope, issuer.claims, undefined, issuer.jwksUri, undefined, true],
      ['all', everywhere, [], given.keys, undefined, 'PEM', true],
    ]);
    const again = database.run('addTrustedIssuer', {
      stream: tenant,
      issuer: { ...issuer, id: testId('a3') },
    });
    await expect(again).rejects.toMatchObject({ code: 'resource_exists' });
  });

  test('let a subject in as one principal, whoever comes first', async () => {
    await using database = await openWithIssuer(open);
    const [first, second] = [testId('d1'), testId('d2')];
    expect(await database.run('admitSubject', { id: first, ...admitted })).toEqual({ id: first });
    expect(await database.run('admitSubject', { id: second, ...admitted })).toEqual({ id: first });
    const row = { id: first, trustedIssuer: issuer.id, subject };
    expect(await database.reader.outsidePrincipal(first)).toEqual(row);
    expect(await database.reader.findOutsidePrincipal(issuer.id, subject)).toEqual(row);
    expect(await database.reader.outsidePrincipal(second)).toBeUndefined();
  });

  test('that are disabled or deleted let nobody in, and deleting takes the subjects along', async () => {
    await using database = await openWithIssuer(open);
    await database.run('admitSubject', { id: testId('d1'), ...admitted });
    await database.run('enableTrustedIssuer', { stream: testRegistry, id: issuer.id, enabled: false });
    const refused = { code: 'unauthorized' };
    const other = { ...admitted, subject: 'repo:org/app:other' };
    await expect(database.run('admitSubject', { id: testId('d2'), ...other })).rejects.toMatchObject(refused);
    await database.run('deleteTrustedIssuer', { stream: testRegistry, id: issuer.id });
    await expect(database.run('admitSubject', { id: testId('d2'), ...other })).rejects.toMatchObject(refused);
    expect(await database.reader.outsidePrincipal(testId('d1'))).toBeUndefined();
    const again = database.run('deleteTrustedIssuer', { stream: testRegistry, id: issuer.id });
    await expect(again).rejects.toMatchObject({ code: 'resource_unknown' });
  });

  test('of a registry go with it, and those for all stay', async () => {
    await using database = await openWithIssuer(open);
    const second = testId('e1');
    await database.run('createRegistry', newTestRegistry(second, 'second', testId('e2')));
    const scope = { kind: 'registry', registry: second } as const;
    const own = { ...issuer, id: testId('a2'), name: 'second', scope };
    await database.run('addTrustedIssuer', { stream: second, issuer: own });
    await database.run('admitSubject', { id: testId('d1'), trustedIssuer: own.id, subject, stream: second });
    await database.run('deleteRegistry', { registry: second });
    expect((await database.reader.listTrustedIssuers()).map(({ name }) => name)).toEqual(['jobs']);
    expect(await database.reader.outsidePrincipal(testId('d1'))).toBeUndefined();
    const late = database.run('addTrustedIssuer', { stream: second, issuer: own });
    await expect(late).rejects.toMatchObject({ code: 'registry_unknown' });
  });
});
