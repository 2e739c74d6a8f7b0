import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startControlServer } from '@cerulean/server/operator/control-server.ts';
import type { OperatorHandlers } from '@cerulean/server/operator/operator-handlers.ts';
import { ensureAutoTls } from '@cerulean/server/tls/ensure-auto-tls.ts';
import { expect, test } from 'vitest';

const repository = dirname(dirname(import.meta.dirname));

/** A server of the given kind that answers `/livez` with a status, and a control socket that says where it is. */
async function living(options: { tls: boolean; status: number }) {
  const dataFolder = await mkdtemp(join(tmpdir(), 'health-'));
  const asked: string[] = [];
  const answer: RequestListener = (request, response) => {
    asked.push(`${request.headers.host} ${request.url}`);
    response.writeHead(options.status).end();
  };
  const tls = await ensureAutoTls({
    folder: join(dataFolder, 'tls'),
    names: ['elsewhere.example'],
    now: new Date(),
  });
  const server = options.tls
    ? createHttps({ cert: tls.certPem, key: tls.keyPem }, answer)
    : createHttp(answer);
  await once(server.listen(0, '0.0.0.0'), 'listening');
  const { port } = server.address() as AddressInfo;
  const status = { address: `${options.tls ? 'https' : 'http'}://0.0.0.0:${port}` };
  const handlers = { status: () => Promise.resolve(status) } as unknown as OperatorHandlers;
  const control = await startControlServer({ dataFolder, handlers, log: { error: () => undefined } });
  return {
    dataFolder,
    asked,
    async [Symbol.asyncDispose]() {
      await control[Symbol.asyncDispose]();
      server.close();
      await rm(dataFolder, { recursive: true });
    },
  };
}

async function healthcheck(dataFolder: string): Promise<number> {
  const child = spawn(process.execPath, [join(repository, 'bin', 'healthcheck.mjs')], {
    env: { PATH: process.env['PATH'], CERULEAN_DATA: dataFolder },
    stdio: 'ignore',
  });
  const [code] = await once(child, 'exit');
  return code;
}

test.each([{ tls: false }, { tls: true }])('a server that lives is healthy (tls: $tls)', async ({ tls }) => {
  await using server = await living({ tls, status: 200 });
  expect(await healthcheck(server.dataFolder)).toBe(0);
  expect(server.asked).toEqual(['localhost /livez']);
});

test('a server that answers otherwise, or is not there, is not', async () => {
  await using server = await living({ tls: false, status: 503 });
  expect(await healthcheck(server.dataFolder)).toBe(1);
  expect(await healthcheck('/nowhere')).toBe(1);
});
