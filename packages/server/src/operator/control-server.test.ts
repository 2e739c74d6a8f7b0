import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { RegistryError } from '../errors.ts';
import { controlLimits, startControlServer } from './control-server.ts';
import type { OperatorHandlers } from './operator-handlers.ts';
import type { OperatorRegistry } from './protocol.ts';
import { unaskedAccessHandlers } from './unasked.fixture.ts';

const registry: OperatorRegistry = {
  name: 'cerulean',
  loginServer: 'cerulean.azurecr.localhost:5000',
  createdAt: '2026-11-24T08:00:00.000Z',
  sku: 'Premium',
  anonymousPull: false,
  sparseManifests: false,
  adminUserEnabled: true,
  roleAssignmentMode: 'LegacyRegistryPermissions',
  resourceGroup: null,
  repositories: 3,
  isDefault: true,
};
const notAsked = () => Promise.reject(new Error('no test asks this'));
const handlers: OperatorHandlers = {
  ...unaskedAccessHandlers,
  'registry.create': ({ name }) => Promise.resolve({ ...registry, name }),
  'registry.list': () => Promise.resolve([registry]),
  'registry.show': ({ name }) =>
    Promise.reject(new RegistryError('registry_unknown', `There is no registry ${name}.`)),
  'registry.set': notAsked,
  'registry.delete': ({ name }) => Promise.resolve({ name, deleted: true }),
  'repository.set': (input) => Promise.resolve(input),
  'credentials.show': () => Promise.reject(new Error('the secret text of a bug')),
  'credentials.regenerate': notAsked,
  status: (_, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
};

/** A folder that goes with the test that asked for it. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cerulean-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function running(
  options: { dataFolder?: string; limits?: Partial<Record<keyof typeof controlLimits, number>> } = {},
) {
  const dataFolder = options.dataFolder ?? temporaryFolder();
  const logged: object[] = [];
  const log = { error: (fields: object) => void logged.push(fields) };
  const server = await startControlServer({ dataFolder, handlers, log, limits: options.limits ?? {} });
  return { dataFolder, logged, server, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** Sends raw text and reads everything that comes back. */
async function send(path: string, raw: string): Promise<unknown> {
  const socket = connect(path);
  socket.end(raw);
  return JSON.parse(await text(socket));
}

const ask = (path: string, operation: string, input: object) =>
  send(path, `${JSON.stringify({ operation, input })}\n`);

describe('the socket', () => {
  test('lies in the data folder with mode 0600 and leaves with the server', async () => {
    const { dataFolder, server } = await running();
    const socket = join(dataFolder, 'control.sock');
    expect(server.path).toBe(socket);
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    await server[Symbol.asyncDispose]();
    expect(existsSync(socket)).toBe(false);
  });

  test('leaves the umask of the process as it was', async () => {
    const before = process.umask();
    await using _ = await running();
    expect(process.umask()).toBe(before);
  });

  test('takes the place of one that a dead server left', async () => {
    const dataFolder = temporaryFolder();
    const dead = createServer().listen(join(dataFolder, 'control.sock'));
    await using again = await running({ dataFolder });
    expect(await ask(again.server.path, 'registry.list', {})).toEqual({ result: [registry] });
    dead.close();
  });

  test('does not remove a file that is no socket', async () => {
    const dataFolder = temporaryFolder();
    writeFileSync(join(dataFolder, 'control.sock'), 'precious');
    await expect(running({ dataFolder })).rejects.toThrow('is in the way');
    expect(readFileSync(join(dataFolder, 'control.sock'), 'utf8')).toBe('precious');
  });
});

describe('a data folder whose path is too long for a socket', () => {
  function longFolder(): string {
    const folder = join(temporaryFolder(), 'x'.repeat(100));
    mkdirSync(folder);
    return folder;
  }

  test('names a socket elsewhere, in a folder of mode 0700, and both leave with the server', async () => {
    const dataFolder = longFolder();
    const { server } = await running({ dataFolder });
    const named = readFileSync(join(dataFolder, 'control.path'), 'utf8');
    expect(named).toBe(server.path);
    expect(statSync(named).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(named)).mode & 0o777).toBe(0o700);
    expect(statSync(join(dataFolder, 'control.path')).mode & 0o777).toBe(0o600);
    expect(await ask(named, 'registry.list', {})).toEqual({ result: [registry] });
    await server[Symbol.asyncDispose]();
    expect(existsSync(dirname(named))).toBe(false);
    expect(existsSync(join(dataFolder, 'control.path'))).toBe(false);
  });

  test('a name left by a dead server is replaced, and a place that is not ours is left alone', async () => {
    const dataFolder = longFolder();
    const foreign = join(temporaryFolder(), 'control.sock');
    writeFileSync(foreign, 'precious');
    writeFileSync(join(dataFolder, 'control.path'), foreign);
    await using again = await running({ dataFolder });
    expect(again.server.path).not.toBe(foreign);
    expect(readFileSync(foreign, 'utf8')).toBe('precious');
  });
});

describe('answers', () => {
  test('an operation is answered with its result', async () => {
    await using up = await running();
    expect(await ask(up.server.path, 'registry.create', { name: 'second' })).toEqual({
      result: { ...registry, name: 'second' },
    });
    const repository = { registry: 'cerulean', name: 'team/app', sparseManifests: null };
    expect(await ask(up.server.path, 'repository.set', repository)).toEqual({ result: repository });
  });

  test('a refusal keeps its code and its words', async () => {
    await using up = await running();
    expect(await ask(up.server.path, 'registry.show', { name: 'nobody' })).toEqual({
      error: { code: 'registry_unknown', message: 'There is no registry nobody.' },
    });
    expect(up.logged).toEqual([]);
  });

  test('a bug is logged, and its text stays inside', async () => {
    await using up = await running();
    const answer = await ask(up.server.path, 'credentials.show', { name: 'cerulean' });
    expect(answer).toMatchObject({ error: { code: 'internal' } });
    expect(JSON.stringify(answer)).not.toContain('secret text');
    expect(up.logged).toMatchObject([
      {
        operation: 'credentials.show',
        err: expect.objectContaining({ message: 'the secret text of a bug' }),
      },
    ]);
  });

  test('a registry is deleted only when its name is given again', async () => {
    await using up = await running();
    for (const confirm of ['', 'Cerulean', 'other']) {
      expect(await ask(up.server.path, 'registry.delete', { name: 'cerulean', confirm })).toMatchObject({
        error: { code: 'confirmation_missing' },
      });
    }
    expect(await ask(up.server.path, 'registry.delete', { name: 'cerulean', confirm: 'cerulean' })).toEqual({
      result: { name: 'cerulean', deleted: true },
    });
  });

  test.each([
    'GET / HTTP/1.1\r\n',
    'null\n',
    '[]\n',
    '{"operation":"registry.list"}\n',
    '{"operation":"registry.drop","input":{}}\n',
    '{"operation":"toString","input":{}}\n',
    '{"operation":"registry.list","input":{"extra":1}}\n',
    '{"operation":"registry.create","input":{}}\n',
    '{"operation":"registry.create","input":{"name":1}}\n',
    '{"operation":"credentials.regenerate","input":{"name":"cerulean","password":"third"}}\n',
    '{"operation":"registry.list","input":{}}',
    '',
  ])('%j is refused as no request', async (raw) => {
    await using up = await running();
    expect(await send(up.server.path, raw)).toMatchObject({ error: { code: 'request_invalid' } });
  });
});

describe('bounds', () => {
  test('a request that is too long is refused', async () => {
    await using up = await running();
    expect(await send(up.server.path, 'x'.repeat(controlLimits.requestBytesMax + 1))).toMatchObject({
      error: { code: 'request_invalid', message: expect.stringContaining('at most') },
    });
  });

  test('a request that does not come is given up', async () => {
    await using up = await running({ limits: { requestMs: 50 } });
    const socket = connect(up.server.path);
    socket.write('{"operation":');
    expect(JSON.parse(await text(socket))).toMatchObject({ error: { code: 'timed_out' } });
  });

  test('an operation that takes too long is answered, and its signal says so', async () => {
    await using up = await running({ limits: { answerMs: 50 } });
    expect(await ask(up.server.path, 'status', {})).toMatchObject({ error: { code: 'timed_out' } });
  });

  test('one that hangs up is no trouble for the next', async () => {
    await using up = await running();
    const gone = connect(up.server.path);
    gone.write('{"operation":"status","input":{}}\n');
    await sleep(20);
    gone.destroy();
    expect(await ask(up.server.path, 'registry.list', {})).toEqual({ result: [registry] });
  });
});
