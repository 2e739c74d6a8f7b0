import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const document = join(import.meta.dirname, '..', '..', 'docs', 'performance.md');

/** Puts a text between `<!-- NAME -->` and `<!-- end of NAME -->` of docs/performance.md. Throws without the marks. */
export async function writeIntoDocument(name: string, text: string): Promise<void> {
  const before = await readFile(document, 'utf8');
  await writeFile(document, replaceMarked(before, name, text));
}

export function replaceMarked(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`The page has no place that is marked ${begin}.`);
  return `${page.slice(0, from + begin.length)}\n\n${text.trim()}\n\n${page.slice(to)}`;
}
