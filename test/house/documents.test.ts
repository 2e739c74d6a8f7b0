import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { clientCalls } from '../clients/azure/client-calls.ts';
import { clientProofs } from '../docs/acr-clients.ts';
import { acrOperations, controlOperations, loginOperations, ociOperations } from '../docs/acr-operations.ts';
import { formatLimit } from '../docs/format-limit.ts';
import { generatedDocuments } from '../docs/generated-documents.ts';
import { flawOf, provedBy, repository } from '../docs/proof.ts';

const pages = [
  'README.md',
  'HACKING.md',
  'CHANGELOG.md',
  ...globSync('docs/**/*.md', { cwd: repository }),
].sort();
const textOf = (page: string): string => readFileSync(join(repository, page), 'utf8');

/** What stands in backticks on a line, outside of fenced blocks. */
function codeSpans(text: string): string[] {
  return [...withoutFences(text).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}

const withoutFences = (text: string): string => text.replaceAll(/^```[^]*?^```$/gm, '');

test.each(Object.entries(generatedDocuments))('docs/%s says what the code says', (name, make) => {
  const hint = 'run: node bin/run.mjs test/docs/write-documents.ts';
  expect(textOf(`docs/${name}`) === make(), hint).toBe(true);
});

test('every operation that is said to work names tests that are there', () => {
  const operations = [...loginOperations, ...ociOperations, ...acrOperations, ...controlOperations];
  const proofs = [...operations.flatMap((operation) => operation.proofs), ...clientProofs];
  expect(proofs.map(flawOf).filter((flaw) => flaw !== undefined)).toEqual([]);
});

test("what Azure's own clients call are operations that are said to work", () => {
  const working = [...loginOperations, ...ociOperations, ...acrOperations].filter(
    ({ proofs }) => proofs.length > 0,
  );
  const names = new Set(working.map(({ name }) => name));
  expect(clientCalls.map(({ operation }) => operation).filter((name) => !names.has(name))).toEqual([]);
});

test('a test that is missing, renamed or switched off is no proof', () => {
  const file = 'test/house/documents.test.ts';
  const own = 'a test that is missing, renamed or switched off is no proof';
  expect(provedBy(file, own).map(flawOf)).toEqual([undefined]);
  expect(flawOf({ file, test: own.slice(2) })).toContain('has no test');
  expect(flawOf({ file: 'test/house/none.test.ts', test: own })).toContain('There is no');
  const other = `${own} at all`;
  // In a source these would be calls: they must not count.
  expect([`test.skip('${other}', () => {})`, `describe('${other}', () => {})`].length).toBe(2);
  expect(flawOf({ file, test: other })).toContain('has no test');
});

test('limits are shown as people read them', () => {
  expect(formatLimit(4 * 1024 * 1024, 'bytes')).toBe('4 MiB');
  expect(formatLimit(1, 'bytes')).toBe('1 byte');
  expect(formatLimit(65_536, 'count')).toBe('65,536');
  expect(formatLimit(604_800, 'seconds')).toBe('7 days');
  expect(formatLimit(4500, 'seconds')).toBe('75 minutes');
  expect(formatLimit(500, 'ms')).toBe('500 ms');
});

describe.each(pages)('%s', (page) => {
  const text = textOf(page);

  test('links to what is there', () => {
    const links = [...withoutFences(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const broken = links
      .filter((link) => !/^https?:/.test(link))
      .filter((link) => !leadsSomewhere(page, link));
    expect(broken).toEqual([]);
  });

  test('names files and folders that are there', () => {
    const paths = codeSpans(text).filter((code) => /^(packages|test|docs|bin)\/[\w./-]+$/.test(code));
    expect(paths.filter((path) => !existsSync(join(repository, path)))).toEqual([]);
  });

  test('names commands of package.json that are there', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    const named = [...text.matchAll(/\bnpm (?:run (?:-s )?([\w:]+)|(start|test)\b)/g)];
    const missing = named.map(([, run, short]) => run ?? short ?? '').filter((name) => !(name in scripts));
    expect(missing).toEqual([]);
  });

  test('names tests that are there', () => {
    // As docs/guarantees.md writes them: `file.test.ts`: name · `other.test.ts`: name
    const named = [
      ...text.matchAll(/`((?:packages|test)\/[\w./-]+\.test\.ts)`: ([^·|\n]+?)(?= *(?:·|\||$))/gm),
    ];
    const flaws = named.map(([, file = '', name = '']) => flawOf({ file, test: name }));
    expect(flaws.filter((flaw) => flaw !== undefined)).toEqual([]);
  });
});

/** A file beside the page, and in it the heading that the fragment names. */
function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', fragment] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(repository, target))) return false;
  return fragment === undefined || headingsOf(textOf(target)).includes(fragment);
}

/** As GitHub makes them: lower case, no punctuation, hyphens for spaces. */
function headingsOf(text: string): string[] {
  return [...withoutFences(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .trim()
      .replaceAll(/\s/g, '-'),
  );
}
