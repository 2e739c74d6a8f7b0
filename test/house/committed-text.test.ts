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

interface LockEntry {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lockedPackages = (): [string, LockEntry][] => {
  const lock = JSON.parse(readText('package-lock.json')) as { packages: Record<string, LockEntry> };
  return Object.entries(lock.packages).filter(
    ([path, entry]) => path.startsWith('node_modules/') && entry.link !== true,
  );
};

test('no lockfile entry says where a package was fetched from, and every one that Linux on x64 installs has its hash', () => {
  const installed = lockedPackages().filter(
    ([, { os = ['linux'], cpu = ['x64'] }]) => os.includes('linux') && cpu.includes('x64'),
  );
  expect(lockedPackages().filter(([, entry]) => entry.resolved !== undefined)).toEqual([]);
  // The tools' own packages for musl are not installed beside glibc, and may be missing from a mirror.
  const unhashed = installed.filter(
    ([path, entry]) => entry.integrity === undefined && !path.includes('musl'),
  );
  expect(unhashed.map(([path]) => path)).toEqual([]);
});

test('the lock names the optional packages of every platform, else npm ci refuses it', () => {
  const locked = lockedPackages();
  const names = new Set(locked.map(([path]) => path));
  const missing = locked.flatMap(([path, entry]) =>
    Object.keys(entry.optionalDependencies ?? {}).filter(
      (name) => !names.has(`node_modules/${name}`) && !names.has(`${path}/node_modules/${name}`),
    ),
  );
  expect(missing).toEqual([]);
});

test('the Node that comes along has one version, locked for every machine', () => {
  const manifest = JSON.parse(readText('package.json')) as { optionalDependencies: Record<string, string> };
  const nodes = Object.entries(manifest.optionalDependencies).filter(([name]) => name.startsWith('node-'));
  const launcher = readText('bin/run.mjs');
  expect(new Set(nodes.map(([, version]) => version)).size).toBe(1);
  for (const [name] of nodes) expect(launcher).toContain(`'${name}'`);
  expect(readText('Dockerfile')).toContain(`node:${nodes[0]?.[1]}-slim`);
});
