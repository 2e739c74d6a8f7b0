import { expect, test } from 'vitest';
import { createRequestLog, type RequestLine } from './request-line.ts';

const line: RequestLine = {
  operation: 'oci.end-3',
  status: 200,
  durationMs: 1.5,
  bytesIn: 0,
  bytesOut: 2048,
  method: 'GET',
  requestId: 'id-1',
  address: '127.0.0.1',
  host: 'localhost:5000',
  registry: 'cerulean',
  principal: 'cerulean',
  repository: 'app',
  reference: 'latest',
  userAgent: 'curl/8',
  outcome: undefined,
};

function written(...of: RequestLine[]): Record<string, unknown>[] {
  const kept: string[] = [];
  const log = createRequestLog({ lastLevel: 0, write: (text) => void kept.push(text) }, 'serving "1"');
  for (const one of of) log(one);
  expect(kept.every((text) => text.endsWith('\n'))).toBe(true);
  return kept.map((text) => JSON.parse(text) as Record<string, unknown>);
}

test('a line has what is known of the request, and the time at which it was over', () => {
  const before = Date.now();
  const [first] = written(line);
  const { time, ...rest } = first ?? {};
  const { outcome: _unknown, ...known } = line;
  expect(rest).toEqual({ level: 'info', thread: 'serving "1"', ...known, msg: 'request' });
  expect(String(time)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(Date.parse(String(time))).toBeGreaterThanOrEqual(before);
  expect(Date.parse(String(time))).toBeLessThanOrEqual(Date.now());
});

test('what a client sends can not end its member, or its line', () => {
  const userAgent = 'x","status":500,"y":"\\\n\u2028\u0000';
  const reference = 'a"b';
  expect(written({ ...line, userAgent, reference })[0]).toMatchObject({ status: 200, userAgent, reference });
});

test('milliseconds are right in every second', () => {
  const times = written(...Array.from({ length: 50 }, () => line)).map(({ time }) => String(time));
  expect(times).toEqual([...times].sort());
});
