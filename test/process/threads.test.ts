import { randomBytes } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import './patient-tests.ts';
import { eventually } from './eventually.ts';
import { call } from './http-call.ts';
import { inspectable, runInThread } from './inspected-server.ts';
import { adminOf, expectStatus } from './registry-client.ts';
import { scratchFolder } from './scratch-folder.ts';
import { type ServerProcess, startServer } from './server-process.ts';

let folder: Awaited<ReturnType<typeof scratchFolder>>;
beforeAll(async () => {
  folder = await scratchFolder();
});
afterAll(async () => folder[Symbol.asyncDispose]());

async function threadsOf(server: ServerProcess): Promise<number> {
  const { text } = await call({ url: `${server.url}/metrics` });
  return Number(/^cerulean_serving_threads (\d+)$/m.exec(text)?.[1]);
}

test('a serving thread that dies is replaced, and until then the others serve', async () => {
  const data = join(folder.path, 'serving');
  await using server = await startServer({ data, args: ['--workers', '2'], nodeArgs: inspectable });
  const client = adminOf(server);
  const image = await client.pushImage('app', 'v1', { layer: randomBytes(100_000) });
  // Kept connections of both threads: those of the dead one must break, not hang.
  const agents = [1, 2].map(() => new Agent({ keepAlive: true, maxSockets: 1 }));
  for (const agent of agents) expectStatus(await client.call('/v2/', { agent }), 200);

  await runInThread(server, 'serving-thread', "setTimeout(() => { throw new Error('planted') })");
  const answers = await Promise.all(
    agents.map((agent) =>
      client.call('/v2/', { agent }).then(
        ({ status }) => status,
        () => 'broken',
      ),
    ),
  );
  for (const agent of agents) agent.destroy();
  expect(answers).toContain(200);
  for (let round = 0; round < 6; round += 1) expect(await client.flawsOf(image)).toEqual([]);
  await eventually(async () => expect(await threadsOf(server)).toBe(2));
  for (let round = 0; round < 6; round += 1) expect(await client.flawsOf(image)).toEqual([]);
  await client.pushBlob('app', randomBytes(1000));
  expect(
    server
      .log()
      .filter(({ level }) => level === 'error')
      .map(({ msg }) => msg),
  ).toContain('a serving thread ended; its requests failed, and another takes its place');
  expect(server.stdout() + server.stderr()).toContain('planted');
  expect((await server.end()).code).toBe(0);
});

test('a server whose only serving thread dies serves again', async () => {
  await using server = await startServer({ data: join(folder.path, 'only'), nodeArgs: inspectable });
  await runInThread(server, 'serving-thread', 'process.exit(3)');
  await eventually(async () => expect(await threadsOf(server)).toBe(1));
  expectStatus(await adminOf(server).get('/v2/'), 200);
});

test('a thread that can not be replaced at the moment is replaced when it can', async () => {
  const data = join(folder.path, 'unready');
  await using server = await startServer({ data, nodeArgs: inspectable });
  const image = await adminOf(server).pushImage('app', 'v1', { layer: randomBytes(100_000) });
  // Each thread reads the key itself; a key that is mounted may be away for a moment.
  const key = join(data, 'keys', 'root.key');
  await rename(key, `${key}.away`);
  await runInThread(server, 'serving-thread', 'process.exit(3)');
  await eventually(async () => expect(server.stdout()).toContain('a serving thread could not be replaced'));
  await expect(adminOf(server).get('/v2/')).rejects.toThrow();
  await rename(`${key}.away`, key);
  await eventually(async () => expect(await threadsOf(server)).toBe(1));
  expect(await adminOf(server).flawsOf(image)).toEqual([]);
});

test('a server whose writer dies ends, says so, and has all it acknowledged when it starts again', async () => {
  const data = join(folder.path, 'writer');
  const server = await startServer({ data, nodeArgs: inspectable });
  const image = await adminOf(server).pushImage('app', 'v1', { layer: randomBytes(100_000) });
  await runInThread(server, 'writer-thread', 'process.exit(3)');
  const { code, stderr } = await server.ended;
  expect(code).toBe(1);
  expect(stderr).toContain('the writer has ended');
  await using again = await startServer({ data, password: server.password });
  expect(await adminOf(again).flawsOf(image)).toEqual([]);
});
