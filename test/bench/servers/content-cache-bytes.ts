import { readFile } from 'node:fs/promises';
import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { text } from 'node:stream/consumers';
import type { BenchServer } from './bench-server.ts';

const pageBytes = 64 * 1024;
const filledPages = /^cerulean_content_cache_pages\{[^}]*state="filled"[^}]*\} (\d+)$/m;

/** What lies in Cerulean's content cache now, by its own figures; it does not shrink. Throws without the figure. */
export async function contentCacheBytesOf(server: BenchServer): Promise<number> {
  const figures = await readMetrics(server);
  const match = filledPages.exec(figures);
  if (match === null)
    throw new Error(`/metrics does not tell what the content cache holds:\n${figures.slice(0, 500)}`);
  return Number(match[1]) * pageBytes;
}

async function readMetrics({ url, caFile }: BenchServer): Promise<string> {
  const address = new URL('/metrics', url);
  const ca = caFile === undefined ? undefined : await readFile(caFile);
  return await new Promise((resolve, reject) => {
    const request =
      ca === undefined ? getHttp(address, { agent: false }) : getHttps(address, { agent: false, ca });
    request.once('error', reject);
    request.once('response', (response) => void text(response).then(resolve, reject));
  });
}
