import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const repository = dirname(dirname(import.meta.dirname));

/** What must not stand in a committed file. Put together here, so that this file does not find itself. */
const banned: readonly { why: string; words: RegExp }[] = [
  {
    why: 'the host of a package registry, which is for whoever installs to choose',
    words: new RegExp(
      ['registry\\.npm' + 'js\\.', 'registry\\.yarn' + 'pkg\\.', 'npm\\.pkg\\.git' + 'hub\\.'].join('|'),
    ),
  },
  {
    why: 'an absolute path of somebody’s machine',
    words: new RegExp(
      [
        '(?<![\\w.-])/wo' + 'rk/',
        '(?<![\\w.-])/ro' + 'ot/',
        '/ho' + 'me/[a-z]',
        '/Us' + 'ers/[A-Za-z]',
        'C:\\\\\\\\?Us' + 'ers',
      ].join('|'),
    ),
  },
  { why: 'a private key', words: new RegExp('-----BEGIN [A-Z ]*PRIV' + 'ATE KEY-----\\n[A-Za-z0-9+/]') },
];

/** What is committed, and what would be with the next commit. */
function committedFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: repository,
    encoding: 'utf8',
  });
  return listed.split('\0').filter((file) => file !== '');
}

function readText(file: string): string {
  try {
    return readFileSync(join(repository, file), 'utf8');
  } catch (error) {
    // Deleted, but not yet committed as such; or a link to a folder.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EISDIR'))
      return '';
    throw error;
  }
}

describe('no committed file holds', () => {
  const texts = committedFiles().map((file) => ({ file, text: readText(file) }));

  test.each(banned)('$why', ({ words }) => {
    const found = texts.flatMap(({ file, text }) => {
      const match = words.exec(text);
      return match === null ? [] : [`${file}: ${match[0]}`];
    });
    expect(found).toEqual([]);
  });
});

test('no lockfile entry says where a package was fetched from, and every one has its hash', () => {
  const lock = JSON.parse(readText('package-lock.json')) as {
    packages: Record<string, { resolved?: string; integrity?: string; link?: boolean }>;
  };
  const fetched = Object.entries(lock.packages).filter(
    ([path, entry]) => path.startsWith('node_modules/') && entry.link !== true,
  );
  expect(fetched.filter(([, entry]) => entry.resolved !== undefined).map(([path]) => path)).toEqual([]);
  expect(fetched.filter(([, entry]) => entry.integrity === undefined).map(([path]) => path)).toEqual([]);
});

test('the Node that comes along has one version, locked for every machine', () => {
  const manifest = JSON.parse(readText('package.json')) as { optionalDependencies: Record<string, string> };
  const nodes = Object.entries(manifest.optionalDependencies).filter(([name]) => name.startsWith('node-'));
  const launcher = readText('bin/run.mjs');
  expect(new Set(nodes.map(([, version]) => version)).size).toBe(1);
  for (const [name] of nodes) expect(launcher).toContain(`'${name}'`);
  expect(readText('Dockerfile')).toContain(`node:${nodes[0]?.[1]}-slim`);
});
