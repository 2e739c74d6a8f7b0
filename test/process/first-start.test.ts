import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import './patient-tests.ts';
import { runCommand, tryCommand } from '../tools/run-command.ts';
import { findProgram } from './find-program.ts';
import { call } from './http-call.ts';
import { adminOf } from './registry-client.ts';
import { filesBelow, filesHolding, scratchFolder } from './scratch-folder.ts';
import {
  cleanEnvironment,
  projectFolder,
  type ServerProcess,
  serverArguments,
  startInVain,
  startServer,
} from './server-process.ts';

describe('with a password from the environment', () => {
  let folder: Awaited<ReturnType<typeof scratchFolder>>;
  let server: ServerProcess;
  beforeAll(async () => {
    folder = await scratchFolder();
    server = await startServer({ data: join(folder.path, 'data') });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  test('the root key is there for its owner alone, and it was there before the database', async () => {
    const key = await stat(join(server.data, 'keys', 'root.key'), { bigint: true });
    expect(Number(key.mode & 0o777n).toString(8)).toBe('600');
    const database = await stat(join(server.data, 'cerulean.db'), { bigint: true });
    expect(key.birthtimeNs).toBeLessThan(database.birthtimeNs);
  });

  test('nobody else can look into the data folder', async () => {
    expect((await stat(server.data)).mode & 0o077).toBe(0);
  });

  test('it prints the address, the login, a push, the data, the key and the docs', () => {
    const host = `127.0.0.1:${server.port}`;
    const output = server.stdout();
    for (const text of [
      `Cerulean listens on http://${host}\n`,
      `docker login ${host} -u cerulean\n`,
      `docker tag hello-world ${host}/hello-world && docker push ${host}/hello-world\n`,
      `${server.data}\n`,
      join(server.data, 'keys', 'root.key'),
      'README.md',
    ]) {
      expect(output).toContain(text);
    }
    expect(server.stderr()).toBe('');
  });

  test('the password logs in and stands nowhere: not in the output, not in the log, not on the disk', async () => {
    expect((await adminOf(server).get('/v2/')).status).toBe(200);
    expect((await adminOf(server, 'not-the-password').get('/v2/')).status).toBe(401);
    expect(server.stdout() + server.stderr()).not.toContain(server.password);
    expect(await filesHolding(server.data, server.password)).toEqual([]);
    const encoded = Buffer.from(server.password).toString('base64').replace(/=+$/, '');
    expect(await filesHolding(server.data, encoded)).toEqual([]);
  });

  test('probes answer without a login, and figures to this machine', async () => {
    for (const path of ['/livez', '/readyz', '/metrics']) {
      expect((await call({ url: server.url + path })).status, path).toBe(200);
    }
  });
});

test('when the key can not be made there is no database, so that none is ever without its key', async () => {
  await using folder = await scratchFolder();
  const notAFolder = join(folder.path, 'keys');
  await writeFile(notAFolder, '');
  const data = join(folder.path, 'data');
  const args = ['--root-key', join(notAFolder, 'root.key')];
  const { code, stderr } = await startInVain({ data, args });
  expect(code).toBe(1);
  expect(stderr).toContain(join(notAFolder, 'root.key'));
  expect((await filesBelow(data)).filter((file) => file.startsWith('cerulean'))).toEqual([]);
});

describe('with a password that is made', () => {
  test('what is no terminal is told the command that shows it, and that one works as it is printed', async () => {
    await using folder = await scratchFolder();
    // A shell would take a path with a space apart, if the line did not quote it.
    const data = join(folder.path, "an operator's data");
    await using server = await startServer({ data, password: null });
    const command = /^ {2}password {2}(npm .*)$/m.exec(server.stdout())?.[1];
    const shown = await runCommand('sh', ['-c', command ?? 'false'], {
      cwd: projectFolder,
      env: cleanEnvironment(),
    });
    const [, first = '', second = ''] =
      shown.stdout.match(/^cerulean +password +(\S+)\ncerulean +password2 +(\S+)/m) ?? [];
    for (const password of [first, second]) {
      expect(password.length).toBeGreaterThanOrEqual(22);
      expect((await adminOf(server, password).get('/v2/')).status).toBe(200);
      expect(server.stdout() + server.stderr()).not.toContain(password);
      expect(await filesHolding(data, password)).toEqual([]);
    }
  });

  const script = findProgram('script');
  test.skipIf(script === undefined)(
    `a terminal is shown it at the first start alone${script === undefined ? ' (SKIPPED: no program `script`)' : ''}`,
    async () => {
      await using folder = await scratchFolder();
      const data = join(folder.path, 'data');
      const first = await startOnTerminal(data);
      const password = /^ {2}password {2}(\S+)\s*$/m.exec(first.output())?.[1] ?? '';
      expect(password.length).toBeGreaterThanOrEqual(22);
      expect((await adminOf(first.server(), password).get('/v2/')).status).toBe(200);
      expect(await filesHolding(data, password)).toEqual([]);
      await first.stop();
      const second = await startOnTerminal(data);
      expect(second.output()).not.toContain(password);
      expect(second.output()).toContain('credentials show cerulean');
      expect((await adminOf(second.server(), password).get('/v2/')).status).toBe(200);
      await second.stop();
    },
  );
});

test('a password that is too short, or holds a line end, is refused before anything is made', async () => {
  await using folder = await scratchFolder();
  for (const password of ['short', 'with\na line end']) {
    const data = join(folder.path, 'data');
    const { code, stderr } = await startInVain({ data, password });
    expect(code).toBe(1);
    expect(stderr).toContain('CERULEAN_ADMIN_PASSWORD');
    expect(stderr).not.toContain(password);
    expect((await tryCommand('ls', [data])).code).not.toBe(0);
  }
});

/** A server whose standard output is a terminal, made by the program `script`. */
async function startOnTerminal(data: string) {
  const words = [process.execPath, ...serverArguments({ data })].map((word) => `'${word}'`);
  const child = spawn('script', ['-q', '-e', '-c', `exec ${words.join(' ')}`, '/dev/null'], {
    cwd: projectFolder,
    env: cleanEnvironment(),
  });
  let output = '';
  const listens = new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      output += part;
      const url = /listens on (\S+)[\s\S]*Ctrl\+C/.exec(output)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.once('close', () => reject(new Error(`It ended before it listened: ${output}`)));
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const url = await listens;
  const { pid } = JSON.parse(readFileSync(join(data, 'holder.json'), 'utf8')) as { pid: number };
  return {
    output: () => output.replaceAll('\r', ''),
    server: () => ({ url }) as ServerProcess,
    async stop(): Promise<void> {
      process.kill(pid, 'SIGTERM');
      await ended;
    },
  };
}
