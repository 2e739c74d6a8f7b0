import { mkdtempSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { expect, test } from 'vitest';
import { GatheredLines } from './gathered-lines.ts';

function logTo(): { log: pino.Logger; lines: GatheredLines; read: () => string[] } {
  const file = join(mkdtempSync(join(tmpdir(), 'cerulean-log-')), 'log');
  const lines = new GatheredLines(openSync(file, 'w'), (line) => line);
  const read = (): string[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line).msg);
  return { log: pino({}, lines), lines, read };
}

test('lines wait for each other, and all are there after a flush, in order', () => {
  const { log, lines, read } = logTo();
  log.info('one');
  log.info('two');
  expect(read()).toEqual([]);
  lines.flush();
  expect(read()).toEqual(['one', 'two']);
});

test('an error is written at once, with what came before it', () => {
  const { log, read } = logTo();
  log.info('before');
  log.error('broken');
  expect(read()).toEqual(['before', 'broken']);
});

test('a lot of lines is written without anybody asking', () => {
  const { log, read } = logTo();
  for (let index = 0; index < 200; index += 1) log.info(`line ${index} ${'x'.repeat(300)}`);
  expect(read().length).toBeGreaterThan(100);
});
