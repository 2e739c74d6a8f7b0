import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import { findOlderNode, launchedProject, parentOf } from './launched-project.ts';

const olderNode = findOlderNode();
if (olderNode === undefined) {
  process.stderr.write(
    'SKIPPED, LOUDLY: no Node older than 26 in PATH, so the launcher was not tried under one.\n',
  );
}
const outerNodes = [
  { outer: 'the Node that comes along', node: process.execPath },
  ...(olderNode === undefined ? [] : [{ outer: 'an older Node', node: olderNode }]),
];
/** The second command keeps the shell alive: as the last one, some shells would become it. */
const keepingTheShell = 'node bin/run.mjs waits.ts; true';

describe.each(outerNodes)('started under $outer', ({ node }) => {
  test('the entry runs on Node 26 with its arguments and without a word on stderr', async () => {
    await using project = await launchedProject({ withNode: true, script: '' });
    const launched = project.launch(node, [node, 'bin/run.mjs', 'waits.ts', 'one', '--two=3']);
    const started = await launched.started;
    expect(started.version).toMatch(/^v26\./);
    expect(started.arguments).toEqual(['one', '--two=3']);
    if (process.platform === 'linux') expect(started.arenas).toBe(String(availableParallelism()));
    launched.child.kill('SIGTERM');
    expect((await launched.allEnded).errors).toBe('');
  });

  test('SIGTERM to the launcher ends the entry gracefully and the exit code is its own', async () => {
    await using project = await launchedProject({ withNode: true, script: '' });
    const launched = project.launch(node, [node, 'bin/run.mjs', 'waits.ts']);
    await launched.started;
    launched.child.kill('SIGTERM');
    expect(await launched.exit).toEqual({ code: 0, signal: null });
    expect((await launched.allEnded).output).toContain('graceful');
  });

  test.each(['SIGINT', 'SIGHUP'] as const)(
    '%s reaches the entry and its death by it is mirrored',
    async (signal) => {
      await using project = await launchedProject({ withNode: true, script: '' });
      const launched = project.launch(node, [node, 'bin/run.mjs', 'waits.ts']);
      await launched.started;
      launched.child.kill(signal);
      expect(await launched.exit).toEqual({ code: null, signal });
      await launched.allEnded;
    },
  );

  test('an exit code and a thrown error come out as they are', async () => {
    await using project = await launchedProject({ withNode: true, script: '' });
    const leaves = project.launch(node, [node, 'bin/run.mjs', 'waits.ts', 'exit-7']);
    expect(await leaves.exit).toEqual({ code: 7, signal: null });
    const throws = project.launch(node, [node, 'bin/run.mjs', 'waits.ts', 'throw']);
    expect(await throws.exit).toEqual({ code: 1, signal: null });
    expect((await throws.allEnded).errors).toContain('as the test asks');
  });

  test.each([
    { who: 'npm', script: 'node bin/run.mjs waits.ts' },
    { who: 'npm, with a shell between', script: keepingTheShell },
  ])('the entry ends gracefully when $who is killed', async ({ script }) => {
    await using project = await launchedProject({ withNode: true, script });
    const launched = project.launch(node, ['npm', 'start']);
    await launched.started;
    launched.child.kill('SIGKILL');
    expect((await launched.allEnded).output).toContain('graceful');
  });

  test('the entry ends gracefully when the shell of npm is killed', async () => {
    await using project = await launchedProject({ withNode: true, script: keepingTheShell });
    const launched = project.launch(node, ['npm', 'start']);
    const started = await launched.started;
    const launcher = node === process.execPath ? started.pid : parentOf(started.pid);
    const shell = parentOf(launcher);
    expect(parentOf(shell)).toBe(launched.child.pid);
    process.kill(shell, 'SIGKILL');
    expect((await launched.allEnded).output).toContain('graceful');
  });

  test.each(['node bin/run.mjs waits.ts', keepingTheShell])(
    'the entry of «%s» ends gracefully on SIGTERM to npm',
    async (script) => {
      await using project = await launchedProject({ withNode: true, script });
      const launched = project.launch(node, ['npm', 'start']);
      await launched.started;
      launched.child.kill('SIGTERM');
      expect((await launched.allEnded).output).toContain('graceful');
    },
  );
});

describe.skipIf(olderNode === undefined)('under an older Node', () => {
  const node = olderNode ?? '';

  test('the entry ends gracefully when the launcher between is killed', async () => {
    await using project = await launchedProject({ withNode: true, script: '' });
    const launched = project.launch(node, [node, 'bin/run.mjs', 'waits.ts']);
    const started = await launched.started;
    expect(started.pid).not.toBe(launched.child.pid);
    launched.child.kill('SIGKILL');
    expect((await launched.allEnded).output).toContain('graceful');
  });

  test('an entry that listens to no signal ends too', async () => {
    await using project = await launchedProject({ withNode: true, script: '' });
    const launched = project.launch(node, [node, 'bin/run.mjs', 'waits.ts', 'deaf']);
    await launched.started;
    launched.child.kill('SIGKILL');
    expect((await launched.allEnded).output).not.toContain('graceful');
  });

  test('a missing Node 26 is an error that says what to do', async () => {
    await using project = await launchedProject({ withNode: false, script: '' });
    const launched = project.launch(node, [node, 'bin/run.mjs', 'waits.ts']);
    expect(await launched.exit).toEqual({ code: 1, signal: null });
    const { errors } = await launched.allEnded;
    expect(errors).toContain('is not installed');
    expect(errors).toContain('npm ci --include=optional');
    expect(errors).toContain('install Node 26');
  });
});
