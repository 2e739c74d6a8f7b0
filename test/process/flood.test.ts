import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import './patient-tests.ts';
import { eventually } from './eventually.ts';
import { call, type Reply } from './http-call.ts';
import { hasFigures, openDescriptors, residentBytes } from './process-figures.ts';
import { adminOf, RegistryClient } from './registry-client.ts';
import { scratchFolder } from './scratch-folder.ts';
import { startServer } from './server-process.ts';

const MiB = 1024 * 1024;
const service = 'cerulean.azurecr.localhost';

test('a flood of logins, right and wrong, leaves pulls their share, and nothing behind', async () => {
  await using folder = await scratchFolder();
  await using server = await startServer({ data: join(folder.path, 'data'), args: ['--workers', '2'] });
  const admin = adminOf(server);
  const image = await admin.pushImage('app', 'v1', { layer: randomBytes(200_000) });
  const puller = new RegistryClient(server, { bearer: await admin.token('repository:app:pull', service) });
  expect(await puller.flawsOf(image)).toEqual([]);
  const before = hasFigures ? openDescriptors(server.pid) : 0;
  const memoryBefore = hasFigures ? residentBytes(server.pid) : 0;

  const logIn = (password: string): Promise<Reply> => {
    const query = new URLSearchParams({ service, scope: 'repository:app:pull' }).toString();
    return new RegistryClient(server, { user: 'cerulean', password }).get(`/oauth2/token?${query}`);
  };
  const flood = Array.from({ length: 200 }, (_, index) =>
    // Each wrong one is another: none is answered from a memory of wrong passwords.
    index % 2 === 0 ? logIn(`wrong ${index}`) : logIn(server.password),
  );
  let isOver = false;
  const over = Promise.all(flood).finally(() => {
    isOver = true;
  });
  let pulls = 0;
  do {
    expect(await puller.flawsOf(image)).toEqual([]);
    pulls += 1;
  } while (!isOver || pulls < 10);
  const replies = await over;

  const wrong = replies.filter((_, index) => index % 2 === 0);
  const right = replies.filter((_, index) => index % 2 === 1);
  const statuses = (some: Reply[]): number[] =>
    [...new Set(some.map(({ status }) => status))].sort((a, b) => a - b);
  expect(statuses(wrong)).toEqual([401, 429]);
  // From the address of whoever tries passwords the right one has to wait as well.
  expect([200, 429]).toEqual(expect.arrayContaining(statuses(right)));
  for (const reply of replies.filter(({ status }) => status === 429)) {
    expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(reply.headers['retry-after'])).toBeLessThanOrEqual(60);
    expect(reply.text).toMatch(/TOOMANYREQUESTS|too many/i);
  }
  // Who has a token goes on all the same.
  expect(await puller.flawsOf(image)).toEqual([]);
  expect((await call({ url: `${server.url}/livez` })).status).toBe(200);
  if (!hasFigures) return;
  await eventually(async () => expect(openDescriptors(server.pid)).toBeLessThanOrEqual(before + 4));
  expect(residentBytes(server.pid) - memoryBefore).toBeLessThan(200 * MiB);
});

test('the failures of one address keep nobody at another address out', async () => {
  await using folder = await scratchFolder();
  await using server = await startServer({
    data: join(folder.path, 'data'),
    args: ['--trusted-proxies', '127.0.0.1', '--workers', '2'],
  });
  const from = (address: string, password: string): Promise<Reply> =>
    adminOf(server, password).call('/v2/', { headers: { 'x-forwarded-for': address } });
  const wrong = [];
  for (let index = 0; index < 30; index += 1) wrong.push((await from('192.0.2.1', 'wrong')).status);
  // Both threads count together; one more is let in each ten seconds, however slow the machine is.
  expect(wrong.slice(0, 20)).toEqual(Array(20).fill(401));
  expect(wrong.filter((status) => status === 429).length).toBeGreaterThanOrEqual(5);
  let refused = await from('192.0.2.1', 'wrong');
  while (Number(refused.headers['retry-after'] ?? 0) < 5) refused = await from('192.0.2.1', 'wrong');
  expect((await from('192.0.2.1', server.password)).status).toBe(429);
  expect((await from('192.0.2.2', server.password)).status).toBe(200);
});
