import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const repository = dirname(dirname(import.meta.dirname));

/** A file that breaks one rule, and the rule that must say so. `but` breaks none: the rule must know the difference. */
interface Breach {
  readonly file: string;
  readonly content: string;
  readonly rule?: string;
}

const importing = (from: string) => `import { thing } from '${from}';\nexport const used = thing;\n`;
const restricted = 'eslint(no-restricted-imports)';
const lines = (count: number) =>
  Array.from({ length: count }, (_, at) => `export const line${at} = ${at};`).join('\n');
const longFunction = `export function long(): number {\n${'  let n = 0;\n'}${'  n += 1;\n'.repeat(60)}  return n;\n}\n`;

const server = 'packages/server/src';
const breaches: Breach[] = [
  { file: 'packages/oci/src/breach-1.ts', content: importing('node:fs'), rule: restricted },
  { file: 'packages/oci/src/breach-2.ts', content: importing('fastify'), rule: restricted },
  {
    file: 'packages/oci/src/breach-3.ts',
    content: importing('../../server/src/limits.ts'),
    rule: restricted,
  },
  {
    file: 'packages/oci/src/breach-4.ts',
    content: importing('@cerulean/server/limits.ts'),
    rule: restricted,
  },
  ...['registry', 'access', 'identity', 'rates', 'events', 'jobs'].flatMap((capability) =>
    [
      '../http/admission.ts',
      '../storage/database/schema.ts',
      'fastify',
      'kysely',
      'pg',
      'node:fs',
      'node:fs/promises',
      'node:http',
      'node:sqlite',
    ].map((from, at) => ({
      file: `${server}/${capability}/breach-${at}.ts`,
      content: importing(from),
      rule: restricted,
    })),
  ),
  { file: `${server}/http/oci/breach-1.ts`, content: importing('../oauth2/routes.ts'), rule: restricted },
  {
    file: `${server}/http/oci/breach-2.ts`,
    content: importing('../../storage/blobs/a.ts'),
    rule: restricted,
  },
  { file: `${server}/http/oci/breach-3.ts`, content: importing('kysely'), rule: restricted },
  { file: `${server}/http/oauth2/breach-1.ts`, content: importing('../oci/routes.ts'), rule: restricted },
  { file: `${server}/http/lean/breach-1.ts`, content: importing('../oauth2/routes.ts'), rule: restricted },
  { file: `${server}/http/acr-v1/breach-1.ts`, content: importing('../oauth2/routes.ts'), rule: restricted },
  {
    file: `${server}/http/directory/breach-1.ts`,
    content: importing('../oauth2/routes.ts'),
    rule: restricted,
  },
  {
    file: `${server}/http/metadata/breach-1.ts`,
    content: importing('../directory/routes.ts'),
    rule: restricted,
  },
  {
    file: `${server}/http/oauth2/breach-2.ts`,
    content: importing('../directory/routes.ts'),
    rule: restricted,
  },
  { file: `${server}/http/oci/breach-4.ts`, content: importing('../directory/routes.ts'), rule: restricted },
  { file: `${server}/http/ops/breach-1.ts`, content: importing('../oci/routes.ts'), rule: restricted },
  { file: `${server}/http/breach-1.ts`, content: importing('../storage/blobs/a.ts'), rule: restricted },
  { file: `${server}/storage/breach-1.ts`, content: importing('../http/admission.ts'), rule: restricted },
  { file: `${server}/storage/breach-2.ts`, content: importing('fastify'), rule: restricted },
  { file: `${server}/main-breach.ts`, content: importing('./storage/blobs/a.ts'), rule: restricted },
  { file: `${server}/breach-2.ts`, content: importing('@cerulean/cli/main.ts'), rule: restricted },
  {
    file: 'packages/cli/src/breach-1.ts',
    content: importing('@cerulean/server/limits.ts'),
    rule: restricted,
  },
  {
    file: `${server}/breach-3.ts`,
    content: 'export const home = process.env;\n',
    rule: 'node(no-process-env)',
  },
  {
    file: `${server}/storage/breach-3.ts`,
    content: 'export const rows = (statement: { iterate(): unknown }) => statement.iterate();\n',
    rule: 'eslint(no-restricted-properties)',
  },
  { file: `${server}/breach-4.ts`, content: 'export default 1;\n', rule: 'import(no-default-export)' },
  { file: `${server}/breach-5.ts`, content: 'console.log(1);\n', rule: 'eslint(no-console)' },
  {
    file: `${server}/breach-6.ts`,
    content: '// TO' + 'DO: later\nexport const a = 1;\n',
    rule: 'eslint(no-warning-comments)',
  },
  {
    file: `${server}/breach-7.ts`,
    content: 'export const a: any = 1;\n',
    rule: 'typescript(no-explicit-any)',
  },
  { file: `${server}/breach-8.ts`, content: lines(401), rule: 'eslint(max-lines)' },
  { file: `${server}/breach-8.test.ts`, content: lines(601), rule: 'eslint(max-lines)' },
  { file: `${server}/breach-9.ts`, content: longFunction, rule: 'eslint(max-lines-per-function)' },
  {
    file: `${server}/breach-10.ts`,
    content: 'export const sum = (a: number, b: number, c: number, d: number) => a + b + c + d;\n',
    rule: 'eslint(max-params)',
  },
  {
    file: `${server}/breach-11.ts`,
    content:
      'export function deep(a: number) {\n  if (a) { if (a) { if (a) { if (a) { return 1; } } } }\n  return 0;\n}\n',
    rule: 'eslint(max-depth)',
  },
  {
    file: `${server}/breach-12.ts`,
    content: 'export function forgets(a: Promise<void>) {\n  a.then(() => 1);\n}\n',
    rule: 'typescript(no-floating-promises)',
  },
  {
    file: `${server}/breach-13.ts`,
    content: 'export function misuses(a: Promise<boolean>) {\n  if (a) return 1;\n  return 0;\n}\n',
    rule: 'typescript(no-misused-promises)',
  },
  {
    file: `${server}/breach-14.ts`,
    content:
      "export function half(a: 'x' | 'y') {\n  switch (a) {\n    case 'x':\n      return 1;\n  }\n  return 0;\n}\n",
    rule: 'typescript(switch-exhaustiveness-check)',
  },
  {
    file: `${server}/cycle-one.ts`,
    content: "import { b } from './cycle-two.ts';\nexport const a = () => b;\n",
    rule: 'import(no-cycle)',
  },
  {
    file: `${server}/cycle-two.ts`,
    content: "import { a } from './cycle-one.ts';\nexport const b = () => a;\n",
    rule: 'import(no-cycle)',
  },
];

const allowed: Breach[] = [
  { file: 'packages/oci/src/fine-1.ts', content: importing('./digest.ts') },
  {
    file: 'packages/cli/src/fine-1.ts',
    content: "import type { A } from '@cerulean/server/operator/protocol.ts';\nexport type B = A;\n",
  },
  { file: `${server}/registry/fine-1.ts`, content: importing('../access/authorise.ts') },
  { file: `${server}/registry/fine-2.ts`, content: importing('node:crypto') },
  { file: `${server}/registry/fine-3.test.ts`, content: importing('../storage/database/schema.ts') },
  { file: `${server}/compose.ts`, content: importing('./storage/database/schema.ts') },
  { file: `${server}/threads/fine-1.ts`, content: importing('../storage/database/schema.ts') },
  { file: `${server}/storage/fine-1.ts`, content: importing('../registry/settings.ts') },
  { file: `${server}/storage/fine-2.ts`, content: importing('./database/schema.ts') },
  { file: `${server}/http/oci/fine-1.ts`, content: importing('../../registry/settings.ts') },
  { file: `${server}/config/fine-1.ts`, content: 'export const home = process.env;\n' },
  { file: 'test/fine-1.ts', content: 'console.log(process.env);\n' },
  { file: 'vitest.config.ts', content: 'export default {};\n' },
  { file: `${server}/fine-1.ts`, content: lines(400) },
];

let folder: string;
let found: Map<string, string[]>;

/** One project of bad files, linted once: the rules are the repository's own, the files are not. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'boundaries-'));
  for (const name of ['.oxlintrc.json', 'tsconfig.json', 'package.json']) {
    await cp(join(repository, name), join(folder, name));
  }
  await symlink(join(repository, 'node_modules'), join(folder, 'node_modules'));
  for (const { file, content } of [...breaches, ...allowed]) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), content);
  }
  found = await lint(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function lint(project: string): Promise<Map<string, string[]>> {
  const oxlint = join(repository, 'node_modules', 'oxlint', 'bin', 'oxlint');
  const { stdout } = await new Promise<{ stdout: string }>((resolve) => {
    execFile(process.execPath, [oxlint, '-f', 'json', '.'], { cwd: project, maxBuffer: 2 ** 26 }, (_, out) =>
      resolve({ stdout: out }),
    );
  });
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code: string; filename: string }[] };
  const byFile = new Map<string, string[]>();
  for (const { code, filename } of diagnostics) byFile.set(filename, [...(byFile.get(filename) ?? []), code]);
  return byFile;
}

describe('a file that breaks a rule is found', () => {
  test.each(breaches)('$file by $rule', ({ file, rule }) => {
    expect(found.get(file) ?? []).toContain(rule);
  });
});

describe('a file that keeps the rules is not', () => {
  test.each(allowed)('$file', ({ file }) => {
    expect(found.get(file) ?? []).toEqual([]);
  });
});

test('every surface below http/ has its own rule, and no other folder is forgotten', async () => {
  const surfaces = (await readdir(join(repository, server, 'http'), { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  const known = ['oci', 'lean', 'acr-v1', 'oauth2', 'directory', 'metadata', 'ops'];
  expect(surfaces.filter((name) => !known.includes(name))).toEqual([]);
});
