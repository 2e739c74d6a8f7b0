import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { textLine } from './text-lines.ts';

const read = (line: object): string => stripVTControlCharacters(textLine(JSON.stringify(line)));

test('a line begins with time, level and message, and its facts follow', () => {
  const line = {
    level: 'info',
    time: '2026-01-02T03:04:05.678Z',
    thread: 'main',
    msg: 'request',
    status: 200,
    userAgent: 'a b',
  };
  expect(read(line)).toBe('03:04:05.678 info  request status=200 userAgent="a b"\n');
});

test('an error shows its stack below', () => {
  const line = {
    level: 'error',
    time: '2026-01-02T03:04:05.678Z',
    msg: 'bug',
    err: { message: 'no', stack: 'Error: no\n    at x' },
  };
  expect(read(line)).toBe('03:04:05.678 error bug\nError: no\n    at x\n');
});
