/**
 * Ends with 0 if the server on the data folder answers `/livez`, else with 1. Where it listens it says itself,
 * through the operator's command, so that no flag has to be repeated here.
 */
import { execFileSync } from 'node:child_process';
import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const answerMs = 4000;
const folder = dirname(fileURLToPath(import.meta.url));

const words = [join(folder, 'run.mjs'), 'packages/cli/src/main.ts', '--output', 'json', 'status'];
const { address } = JSON.parse(
  execFileSync(process.execPath, words, { encoding: 'utf8', timeout: answerMs }),
);
const url = new URL(address);
const request = (url.protocol === 'https:' ? getHttps : getHttp)({
  host: url.hostname.replace(/^\[|\]$/g, ''),
  port: url.port,
  path: '/livez',
  headers: { host: 'localhost' },
  timeout: answerMs,
  // It asks whether this machine's own server lives, not who it is; nothing is sent that could be stolen.
  rejectUnauthorized: false,
});
request.on('timeout', () => request.destroy(new Error(`no answer within ${answerMs} ms`)));
request.on('response', (response) => {
  response.resume();
  if (response.statusCode !== 200) process.exitCode = 1;
});
