import { join } from 'node:path';
import { expect, test } from 'vitest';
import './patient-tests.ts';
import { adminOf } from './registry-client.ts';
import { scratchFolder } from './scratch-folder.ts';
import { type ServerProcess, startServer } from './server-process.ts';

interface Shown {
  readonly manifest: { readonly pullCount: number; readonly lastPullTime?: string };
}

test('a server that is stopped records the pulls that all its threads have counted', async () => {
  await using folder = await scratchFolder();
  const options = { data: join(folder.path, 'data'), args: ['--workers', '2'] };
  let server = await startServer(options);
  const image = await adminOf(server).pushImage('app', 'v1', { layer: Buffer.from('layer') });
  const shown = async (running: ServerProcess): Promise<Shown['manifest']> => {
    const reply = await adminOf(running, server.password).get(`/acr/v1/app/_manifests/${image.digest}`);
    return (JSON.parse(reply.text) as Shown).manifest;
  };
  const before = Date.now();
  // A connection each: they go to the threads in turn.
  for (let pull = 0; pull < 6; pull += 1) await adminOf(server).get('/v2/app/manifests/v1');
  await server.end('SIGTERM');
  const { password } = server;
  server = await startServer({ ...options, password });
  const { pullCount, lastPullTime = '' } = await shown(server);
  expect(pullCount).toBe(6);
  expect(Date.parse(lastPullTime)).toBeGreaterThanOrEqual(before);
  await server[Symbol.asyncDispose]();
});
