import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { RegistryError } from '@cerulean/server/errors.ts';
import { startControlServer } from '@cerulean/server/operator/control-server.ts';
import type { OperatorHandlers } from '@cerulean/server/operator/operator-handlers.ts';
import type { OperatorRegistry } from '@cerulean/server/operator/protocol.ts';
import { unaskedAccessHandlers } from '@cerulean/server/operator/unasked.fixture.ts';
import { describe, expect, test } from 'vitest';

const repository = dirname(dirname(import.meta.dirname));
const payments: OperatorRegistry = {
  name: 'payments',
  loginServer: 'payments.azurecr.localhost:5000',
  createdAt: '2026-11-24T08:00:00.000Z',
  sku: 'Premium',
  anonymousPull: false,
  sparseManifests: true,
  adminUserEnabled: true,
  roleAssignmentMode: 'LegacyRegistryPermissions',
  resourceGroup: null,
  repositories: 2,
  isDefault: false,
};
const credentials = {
  username: 'payments',
  passwords: [
    { name: 'password' as const, value: 'first' },
    { name: 'password2' as const, value: 'second' },
  ],
};
const status = {
  version: '0.1.0',
  pid: 4711,
  startedAt: '2026-11-24T08:00:00.000Z',
  address: 'http://127.0.0.1:5000',
  dataFolder: '/data',
  encryption: 'aes-256-gcm',
  registries: 1,
  workers: 2,
  diskFreeBytes: 5 * 1024 ** 3,
  uploadsUnfinished: 0,
};

/** A control server whose handlers write down what they were asked; the domain behind it is not what is tested. */
async function serving(options: { deep: boolean } = { deep: false }) {
  const top = await mkdtemp(join(tmpdir(), 'operator-'));
  const dataFolder = options.deep ? join(top, 'd'.repeat(110)) : top;
  await mkdir(dataFolder, { recursive: true });
  const asked: unknown[] = [];
  const answer =
    <Result>(result: Result) =>
    (input: object): Promise<Result> => {
      asked.push(input);
      return Promise.resolve(result);
    };
  const handlers: OperatorHandlers = {
    ...unaskedAccessHandlers,
    'registry.create': () =>
      Promise.reject(new RegistryError('registry_exists', 'There is a registry payments already.')),
    'registry.list': answer([payments]),
    'registry.show': answer(payments),
    'registry.set': answer(payments),
    'registry.delete': answer({ name: 'payments', deleted: true as const }),
    'repository.set': answer({ registry: 'payments', name: 'mirror/alpine', sparseManifests: null }),
    'credentials.show': answer(credentials),
    'credentials.regenerate': answer(credentials),
    status: answer(status),
  };
  const server = await startControlServer({ dataFolder, handlers, log: { error: () => undefined } });
  return {
    dataFolder,
    asked,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(top, { recursive: true });
    },
  };
}

/** Runs the command as a process of its own, as an operator does. */
async function cerulean(dataFolder: string, ...words: string[]) {
  const child = spawn(process.execPath, ['bin/run.mjs', 'packages/cli/src/main.ts', ...words], {
    cwd: repository,
    env: { PATH: process.env['PATH'], CERULEAN_DATA: dataFolder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { output, errors, code };
}

describe('results', () => {
  test('JSON is what the server answered, wherever the option stands', async () => {
    await using server = await serving();
    const last = await cerulean(server.dataFolder, 'registry', 'list', '--output', 'json');
    expect(JSON.parse(last.output)).toEqual([payments]);
    const first = await cerulean(server.dataFolder, '--output', 'json', 'status');
    expect(JSON.parse(first.output)).toEqual(status);
    expect([last.code, first.code, last.errors, first.errors]).toEqual([0, 0, '', '']);
  });

  test('tables are for people', async () => {
    await using server = await serving();
    const { output } = await cerulean(server.dataFolder, 'credentials', 'show', 'payments');
    expect(output).toBe(
      'USERNAME  NAME       PASSWORD\npayments  password   first\npayments  password2  second\n',
    );
    expect((await cerulean(server.dataFolder, 'registry', 'list')).output).toMatch(
      /payments {2}payments\.azurecr\.localhost:5000/,
    );
    expect((await cerulean(server.dataFolder, 'status')).output).toContain('Free disk space     5.0 GiB');
    expect((await cerulean(server.dataFolder, 'registry', 'show', 'payments')).output).toMatch(
      /^Tier +Premium$[^]*^Sparse manifests +on$/m,
    );
  });

  test('switches, policies and passwords arrive as they were given', async () => {
    await using server = await serving();
    await cerulean(
      server.dataFolder,
      'registry',
      'set',
      'payments',
      '--anonymous-pull',
      'on',
      '--sparse-manifests',
      'off',
    );
    await cerulean(server.dataFolder, 'registry', 'set', 'payments', '--sparse-manifests', 'on');
    await cerulean(server.dataFolder, 'registry', 'set', 'payments', '--sku', 'Basic');
    await cerulean(
      server.dataFolder,
      'repository',
      'set',
      'payments',
      'mirror/alpine',
      '--sparse-manifests',
      'inherit',
    );
    await cerulean(server.dataFolder, 'credentials', 'regenerate', 'payments', '--password', 'password2');
    await cerulean(server.dataFolder, 'credentials', 'regenerate', 'payments');
    expect(server.asked).toEqual([
      { name: 'payments', anonymousPull: true, sparseManifests: false },
      { name: 'payments', sparseManifests: true },
      { name: 'payments', sku: 'Basic' },
      { registry: 'payments', name: 'mirror/alpine', sparseManifests: null },
      { name: 'payments', password: 'password2' },
      { name: 'payments', password: 'password' },
    ]);
  });

  test('a data folder whose path is too long for a socket works the same', async () => {
    await using server = await serving({ deep: true });
    expect((await cerulean(server.dataFolder, 'registry', 'list')).code).toBe(0);
  });
});

describe('refusals', () => {
  test('what the server refuses is on stderr, with code 1', async () => {
    await using server = await serving();
    const result = await cerulean(server.dataFolder, 'registry', 'create', 'payments');
    expect(result).toEqual({ output: '', errors: 'There is a registry payments already.\n', code: 1 });
  });

  test.each([{ words: [] }, { words: ['--confirm', 'payment'] }])(
    'deleting with $words says what would be lost',
    async ({ words }) => {
      await using server = await serving();
      const result = await cerulean(server.dataFolder, 'registry', 'delete', 'payments', ...words);
      expect(result.code).toBe(1);
      expect(result.errors).toContain('2 repositories with all tags');
      expect(result.errors).toContain('--confirm payments');
      expect(server.asked).toEqual([{ name: 'payments' }]);
    },
  );

  test('with the name again the registry is deleted', async () => {
    await using server = await serving();
    const result = await cerulean(
      server.dataFolder,
      'registry',
      'delete',
      'payments',
      '--confirm',
      'payments',
    );
    expect(result).toEqual({ output: 'The registry payments is deleted.\n', errors: '', code: 0 });
    expect(server.asked).toEqual([{ name: 'payments', confirm: 'payments' }]);
  });

  test.each([
    [['registry', 'set', 'payments'], '--anonymous-pull'],
    [['registry', 'set', 'payments', '--anonymous-pull', 'yes'], 'on or off'],
    [['registry', 'creat', 'payments'], 'create'],
    [['registry', 'create', 'payments', '--sku', 'basic'], 'Basic, Standard, Premium'],
    [['repository', 'set', 'payments', 'app'], '--sparse-manifests'],
    [['status', '--output', 'xml'], 'table, json'],
    [['status', '--colour'], 'unknown option'],
    [[], 'Usage: cerulean'],
  ])('%j is a wrong call, with code 2', async (words, hint) => {
    const result = await cerulean('/nowhere', ...words);
    expect(result.code).toBe(2);
    expect(result.errors).toContain(hint);
  });

  test('without a server it says how to start one and which folder was tried, with code 3', async () => {
    const result = await cerulean('/nowhere/at/all', 'status');
    expect(result.code).toBe(3);
    expect(result.errors).toContain('npm start -- --data /nowhere/at/all');
    const flag = await cerulean('/nowhere', '--data', `/other/${'x'.repeat(120)}`, 'status');
    expect([flag.code, flag.errors]).toEqual([3, expect.stringContaining('/other/')]);
  });
});

const words = (noun: string, ...verbs: string[]): string[][] => verbs.map((verb) => [noun, verb]);

test.each([
  ['registry', 'create'],
  ['registry', 'list'],
  ['registry', 'show'],
  ['registry', 'set'],
  ['registry', 'delete'],
  ['repository', 'set'],
  ['credentials', 'show'],
  ['credentials', 'regenerate'],
  ['status'],
  ['directory', 'show'],
  ...words('principal', 'create', 'list', 'show', 'enable', 'disable', 'delete'),
  ...words('group', 'add', 'remove'),
  ...words('secret', 'create', 'list', 'show', 'delete'),
  ...words('certificate', 'create', 'list', 'delete'),
  ...words('federated-credential', 'create', 'list', 'delete'),
  ['role', 'list'],
  ...words('role-assignment', 'create', 'list', 'show', 'delete'),
  ...words('scope-map', 'create', 'set', 'list', 'show', 'delete'),
  ...words('token', 'create', 'set', 'list', 'show', 'renew', 'delete'),
  ['access', 'explain'],
])('%s %s --help explains itself with an example', async (...words) => {
  const result = await cerulean('/nowhere', ...words, '--help');
  expect(result).toMatchObject({ errors: '', code: 0 });
  expect(result.output).toContain(`npm run -s cerulean -- `);
  expect(result.output).toContain('--output <form>');
});
