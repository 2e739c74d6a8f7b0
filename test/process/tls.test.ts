import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import './patient-tests.ts';
import { tryCommand } from '../tools/run-command.ts';
import { findProgram } from './find-program.ts';
import { call } from './http-call.ts';
import { RegistryClient } from './registry-client.ts';
import { scratchFolder } from './scratch-folder.ts';
import { type ServerProcess, startInVain, startServer } from './server-process.ts';

let folder: Awaited<ReturnType<typeof scratchFolder>>;
beforeAll(async () => {
  folder = await scratchFolder();
});
afterAll(async () => folder[Symbol.asyncDispose]());

describe('--tls auto', () => {
  let server: ServerProcess;
  let caFile: string;
  let ca: string;
  beforeAll(async () => {
    server = await startServer({
      data: join(folder.path, 'data'),
      args: ['--tls', 'auto', '--workers', '2'],
    });
    caFile = /own authority, (\S+)\. To trust it/.exec(server.stdout())?.[1] ?? '';
    ca = await readFile(caFile, 'utf8');
  });
  afterAll(async () => server[Symbol.asyncDispose]());

  test('whoever trusts the authority that it names pushes and pulls', async () => {
    expect(server.url).toMatch(/^https:/);
    const { password } = server;
    const byAddress = new RegistryClient(server, { user: 'cerulean', password, ca });
    const image = await byAddress.pushImage('app', 'v1', { layer: randomBytes(2_000_000) });
    expect(await byAddress.flawsOf(image)).toEqual([]);
    const challenge = await call({ url: `${server.url}/v2/`, ca });
    expect(challenge.headers['www-authenticate']).toContain(`realm="${server.url}/oauth2/token"`);
  });

  test('whoever does not trust it is refused by its own client', async () => {
    await expect(call({ url: `${server.url}/v2/` })).rejects.toThrow(/certificate/);
  });

  const curl = findProgram('curl');
  test.skipIf(curl === undefined)(
    `curl reaches a registry by its name${curl === undefined ? ' (SKIPPED: no program `curl`)' : ''}`,
    async () => {
      const name = `cerulean.azurecr.localhost:${server.port}`;
      const trust = ['--silent', '--show-error', '--cacert', caFile, '--resolve', `${name}:127.0.0.1`];
      const login = ['--user', `cerulean:${server.password}`, '--write-out', '%{http_code}'];
      const { stdout } = await tryCommand('curl', [...trust, ...login, `https://${name}/v2/`]);
      expect(stdout).toMatch(/200$/);
    },
  );

  test('HTTP in the clear gets no answer in the clear and no hanging, and TLS goes on', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write('GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    const answer = await text(socket).catch(() => 'reset');
    expect(answer).not.toMatch(/ 200 /);
    for (let round = 0; round < 4; round += 1)
      expect((await call({ url: `${server.url}/livez`, ca })).status).toBe(200);
    expect(server.stderr()).toBe('');
  });

  test('the authority is the same after a restart, and its key is its owner’s alone', async () => {
    const { data, password } = server;
    await server.end();
    server = await startServer({ data, password, args: ['--tls', 'auto'] });
    expect(await readFile(caFile, 'utf8')).toBe(ca);
    expect((await call({ url: `${server.url}/livez`, ca })).status).toBe(200);
    const { stdout } = await tryCommand('find', [join(data, 'tls'), '-name', '*key*', '-perm', '/077']);
    expect(stdout).toBe('');
  });
});

describe('without TLS', () => {
  test.each(['0.0.0.0', '::', '192.0.2.1'])(
    'it does not listen on %s, and says why and what else',
    async (host) => {
      const { code, stderr } = await startInVain({ data: join(folder.path, 'open'), args: ['--host', host] });
      expect(code).toBe(1);
      expect(stderr).toContain(`does not listen on ${host} without TLS`);
      for (const way of ['--tls auto', '--tls-cert', '--insecure-http']) expect(stderr).toContain(way);
    },
  );

  test('--insecure-http lets an address through: the refusal is then another one, or none', async () => {
    // No interface of this machine has it (RFC 5737), so nothing is opened to anybody.
    const { code, stderr } = await startInVain({
      data: join(folder.path, 'open'),
      args: ['--host', '192.0.2.1', '--insecure-http'],
    });
    expect(code).toBe(1);
    expect(stderr).toContain('This machine has no address 192.0.2.1');
    expect(stderr).not.toContain('without TLS');
  });

  test.runIf(process.platform === 'linux')('another address of loopback is loopback too', async () => {
    await using server = await startServer({
      data: join(folder.path, 'loop'),
      args: ['--host', '127.0.0.2'],
    });
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.2:/);
    expect((await call({ url: `${server.url}/livez` })).status).toBe(200);
  });
});
