import { expect, test } from 'vitest';
import { bicepClient } from './bicep-client.ts';
import { expectSameBytes } from './expect-image.ts';
import { pseudoRandomBytes } from './sample-image.ts';
import { getBlob, getManifest, listTags, registry, sha256 } from './test-registry.ts';

/** A template of about this size, with content that only this name has. */
function template(name: string, lengthBytes = 2_000): Buffer {
  const padding = pseudoRandomBytes(name, lengthBytes).toString('hex').slice(0, lengthBytes);
  return Buffer.from(
    JSON.stringify({
      $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
      contentVersion: '1.0.0.0',
      metadata: { name, padding },
      resources: [],
    }),
  );
}

test('a Bicep module is published and restored, and every byte comes back', async () => {
  const client = bicepClient(registry);
  const target = { repository: 'clients/bicep/network', reference: '1.0.0' };
  const module = { template: template('network'), sources: pseudoRandomBytes('sources', 60_000) };
  const digest = await client.publish(target, module);
  const restored = await client.restore(target);
  expectSameBytes(restored.template, module.template);
  expectSameBytes(restored.sources ?? Buffer.alloc(0), module.sources);
  expect((await getManifest(target.repository, '1.0.0')).digest).toBe(digest);
  expectSameBytes(await getBlob(target.repository, sha256(module.template)), module.template);
});

test('a Bicep module is restored by its digest', async () => {
  const client = bicepClient(registry);
  const target = { repository: 'clients/bicep/by-digest', reference: 'v1' };
  const module = { template: template('by-digest') };
  const reference = await client.publish(target, module);
  expectSameBytes((await client.restore({ ...target, reference })).template, module.template);
});

test('each first request of Bicep is answered 401, with a challenge that leads to a token', async () => {
  const client = bicepClient(registry);
  const target = { repository: 'clients/bicep/challenge', reference: 'v1' };
  await client.publish(target, { template: template('challenge') });
  const firsts = client.exchanges.filter((_, index) => index % 2 === 0);
  // The check for the tag, POST, PATCH and PUT for config and template each, and the manifest.
  expect(firsts.map(({ method }) => method).join(' ')).toBe('GET POST PATCH PUT POST PATCH PUT PUT');
  expect(new Set(firsts.map(({ status }) => status))).toEqual(new Set([401]));
});

test('Bicep sends a large template in pieces with Content-Range', async () => {
  const client = bicepClient(registry);
  const target = { repository: 'clients/bicep/large', reference: 'v1' };
  const module = { template: template('large', 9_000_000) };
  await client.publish(target, module);
  expectSameBytes((await client.restore(target)).template, module.template);
  expect(client.exchanges.filter(({ method, status }) => method === 'PATCH' && status === 202)).toHaveLength(
    4,
  );
});

test('Bicep refuses to publish over a tag unless it is forced to', async () => {
  const client = bicepClient(registry);
  const target = { repository: 'clients/bicep/taken', reference: 'v1' };
  const first = await client.publish(target, { template: template('first') });
  const second = { template: template('second') };
  await expect(client.publish(target, second)).rejects.toThrow('exists already');
  expect((await getManifest(target.repository, 'v1')).digest).toBe(first);
  await client.publish(target, second, { force: true });
  expectSameBytes((await client.restore(target)).template, second.template);
  expect(await listTags(target.repository)).toEqual(['v1']);
});

test('Bicep with a wrong password can neither publish nor restore', async () => {
  const target = { repository: 'clients/bicep/private', reference: 'v1' };
  await bicepClient(registry).publish(target, { template: template('private') });
  const stranger = bicepClient({ ...registry, password: 'not-the-password' });
  await expect(stranger.restore(target)).rejects.toThrow('not allowed with any token');
  const other = { ...target, reference: 'v2' };
  await expect(stranger.publish(other, { template: template('x') }, { force: true })).rejects.toThrow(
    'not allowed with any token',
  );
  expect(await listTags(target.repository)).toEqual(['v1']);
});
