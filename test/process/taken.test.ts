import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import './patient-tests.ts';
import { freeLoopbackPort } from '../tools/free-loopback-port.ts';
import { operateJson } from './operator.ts';
import { adminOf, type PushedImage } from './registry-client.ts';
import { scratchFolder } from './scratch-folder.ts';
import { type ServerProcess, startInVain, startServer } from './server-process.ts';

let folder: Awaited<ReturnType<typeof scratchFolder>>;
let server: ServerProcess;
let image: PushedImage;

beforeAll(async () => {
  folder = await scratchFolder();
  server = await startServer({ data: join(folder.path, 'data') });
  image = await adminOf(server).pushImage('app', 'v1', { layer: Buffer.alloc(50_000, 'a') });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** The first server holds what it held, answers its operator, serves, and takes writes. */
async function isUndisturbed(): Promise<void> {
  const status = await operateJson<{ pid: number; address: string }>(server, 'status');
  expect(status).toMatchObject({ pid: server.pid, address: server.url });
  const holder = JSON.parse(await readFile(join(server.data, 'holder.json'), 'utf8'));
  expect(holder).toMatchObject({ pid: server.pid, address: server.url });
  expect(await adminOf(server).flawsOf(image)).toEqual([]);
  await adminOf(server).pushBlob('app', `written at ${performance.now()}`);
}

test('a port that another server holds is refused by its process and the way out', async () => {
  const other = join(folder.path, 'other');
  const { code, stderr, stdout } = await startInVain({ data: other, args: ['--port', String(server.port)] });
  expect(code).toBe(1);
  expect(stderr).toContain(`Port ${server.port} on 127.0.0.1 is in use by process ${server.pid} (`);
  expect(stderr).toContain('--port N');
  expect(stderr).not.toContain('    at ');
  expect(stdout).not.toContain('listens on');
  await isUndisturbed();
});

test('a port that another program holds is refused the same way', async () => {
  const program = createServer().listen(0, '127.0.0.1');
  await once(program, 'listening');
  const { port } = program.address() as { port: number };
  const { code, stderr } = await startInVain({
    data: join(folder.path, 'other'),
    args: ['--port', String(port)],
  });
  program.close();
  expect(code).toBe(1);
  expect(stderr).toContain(`in use by process ${process.pid}`);
});

test('a data folder that another server holds is refused by its process, its address and the way out', async () => {
  const { code, stderr, stdout } = await startInVain({ data: server.data });
  expect(code).toBe(1);
  expect(stderr).toContain(
    `The data folder ${server.data} is in use by another Cerulean (process ${server.pid}, `,
  );
  expect(stderr).toContain(`listening on ${server.url}`);
  expect(stderr).toContain('--data DIR');
  expect(stderr).not.toContain('    at ');
  expect(stdout).not.toContain('listens on');
  await isUndisturbed();
});

test('of two that start at once on one port, or on one data folder, exactly one listens', async () => {
  const port = await freeLoopbackPort();
  const onePort = ['--port', String(port)];
  await exactlyOne([
    { data: join(folder.path, 'a'), args: onePort },
    { data: join(folder.path, 'b'), args: onePort },
  ]);
  await exactlyOne([{ data: join(folder.path, 'c') }, { data: join(folder.path, 'c') }]);
});

async function exactlyOne(starts: readonly Parameters<typeof startServer>[0][]): Promise<void> {
  const results = await Promise.allSettled(starts.map((start) => startServer(start)));
  const started = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  for (const each of started) await each.end('SIGKILL');
  expect(started).toHaveLength(1);
  const [refused] = results.flatMap((result) =>
    result.status === 'rejected' ? [String(result.reason)] : [],
  );
  expect(refused).toMatch(/is in use/);
}

test('a folder whose server was killed is taken at once, and so is its port', async () => {
  const data = join(folder.path, 'killed');
  const first = await startServer({ data });
  await first.end('SIGKILL');
  await using second = await startServer({
    data,
    password: first.password,
    args: ['--port', String(first.port)],
  });
  expect((await adminOf(second).get('/v2/')).status).toBe(200);
  expect(await operateJson<{ pid: number }>(second, 'status')).toMatchObject({ pid: second.pid });
});
