import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DataFolderTaken, takeDataFolder } from './data-folder-guard.ts';

const holder = { pid: 4711, startedAt: '2026-01-02T03:04:05.000Z' };

test('a second taker is refused and told who holds the folder and what to do', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cerulean-guard-'));
  const guard = takeDataFolder(folder, holder);
  guard.announce('http://127.0.0.1:5000');
  const second = (): unknown => takeDataFolder(folder, { ...holder, pid: 4712 });
  expect(second).toThrow(DataFolderTaken);
  expect(second).toThrow(
    /process 4711, started 2026-01-02T03:04:05.000Z, listening on http:\/\/127.0.0.1:5000/,
  );
  expect(second).toThrow(/--data DIR/);
  guard.release();
  takeDataFolder(folder, holder).release();
  await rm(folder, { recursive: true });
});

test('a holder that is killed leaves the folder free, though its files stay', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cerulean-guard-'));
  const script = `
    const { takeDataFolder } = await import(${JSON.stringify(new URL('./data-folder-guard.ts', import.meta.url).href)});
    takeDataFolder(${JSON.stringify(folder)}, { pid: process.pid, startedAt: 'then' });
    console.log('taken'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  expect(() => takeDataFolder(folder, holder)).toThrow(`process ${child.pid}`);
  child.kill('SIGKILL');
  await once(child, 'exit');
  takeDataFolder(folder, holder).release();
  await rm(folder, { recursive: true });
});
