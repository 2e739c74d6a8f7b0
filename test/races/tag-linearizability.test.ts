/**
 * T9. Proves that each tag is a linearizable register, whichever serving thread is asked: through two threads, writers
 * put it, swap it by If-Match, make it by If-None-Match and delete it, with its manifest too; readers GET and HEAD it;
 * some clients go away before their answer. An acknowledged write is seen by every request that begins after the
 * acknowledgement, and of two swaps from one value at most one succeeds, so no update is lost. The planted bugs show
 * that the check sees what the shared counters, the order of acknowledgement and the condition inside of the command
 * are there for.
 */
import { describe, expect, test } from 'vitest';
import { type Patch, withPatchedSource } from '../process/patched-source.ts';
import { adminOf, expectStatus } from '../process/registry-client.ts';
import { scratchFolder } from '../process/scratch-folder.ts';
import { type ServerProcess, startServer } from '../process/server-process.ts';
import { checkRegister } from './check-register.ts';
import { openConnection } from './connection.ts';
import { emptyIndex, indexType, putIndex } from './empty-index.ts';
import { seedOfRun } from './seeded-random.ts';
import { raceOnTags } from './tag-race.ts';
import { sized } from './test-size.ts';

const seed = seedOfRun();
const rounds = sized({ ci: 5, full: 400 });

interface Raced {
  readonly operations: number;
  readonly unknown: number;
  /** The first history that is not linearizable. */
  readonly story: string;
}

/** Races until a history is wrong, or so many rounds are over. */
async function race(project: string | undefined, roundsMax: number): Promise<Raced> {
  await using folder = await scratchFolder();
  await using server = await startTwoThreads(folder.path, project);
  let operations = 0;
  let unknown = 0;
  for (let round = 0; round < roundsMax; round += 1) {
    const histories = await raceOnTags(server, {
      tags: ['latest', 'v1', 'edge'],
      writersPerTag: 3,
      readersPerTag: 3,
      operationsPerClient: 40,
      abandonedPerTag: 3,
      seed: seed + round * 1000,
    });
    for (const [tag, history] of histories) {
      operations += history.length;
      unknown += history.filter(({ outcome }) => outcome.result === 'unknown').length;
      const { isLinearizable, story } = checkRegister(history, null);
      if (!isLinearizable)
        return { operations, unknown, story: `seed ${seed}, round ${round}, tag ${tag}\n${story}` };
    }
  }
  return { operations, unknown, story: '' };
}

function startTwoThreads(data: string, project?: string): Promise<ServerProcess> {
  const args = ['--workers', '2', '--log-level', 'warn'];
  return startServer({ data, args, ...(project !== undefined && { project }) });
}

test('each tag is a linearizable register through two serving threads', async () => {
  const raced = await race(undefined, rounds);
  expect(raced.story).toBe('');
  // A deleted manifest stands in the history of every tag.
  expect(raced.operations).toBeGreaterThanOrEqual(rounds * 3 * 6 * 40);
  expect(raced.unknown).toBeGreaterThan(0);
  console.log(
    `${raced.operations} operations on tags, ${raced.unknown} of them without an answer: linearizable`,
  );
});

test('no update by If-Match is lost: every success counts once', async () => {
  await using folder = await scratchFolder();
  await using server = await startTwoThreads(folder.path);
  const admin = adminOf(server);
  const path = '/v2/races/counter/manifests/count';
  const first = emptyIndex({ count: '0', by: 'nobody' });
  await putIndex(admin, 'races/counter', { reference: 'count', index: first });
  const writers = 6;
  const each = sized({ ci: 25, full: 1000 });
  const increment = async (writer: number): Promise<void> => {
    using connection = await openConnection(admin);
    for (let done = 0; done < each; ) {
      const now = await connection.call(path);
      expectStatus(now, 200);
      const { annotations } = JSON.parse(now.text) as { annotations: { count: string } };
      const next = emptyIndex({ count: String(Number(annotations.count) + 1), by: `${writer}` });
      const headers = { 'content-type': indexType, 'if-match': String(now.headers.etag) };
      const reply = await connection.call(path, { method: 'PUT', body: next.body, headers });
      if (reply.status === 201) done += 1;
      else expectStatus(reply, 412);
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => increment(writer)));
  const last = JSON.parse((await admin.get(path)).text) as { annotations: { count: string } };
  expect(Number(last.annotations.count)).toBe(writers * each);
});

const groupCommit = 'packages/server/src/storage/writer/group-commit.ts';
const sharedEpochs = 'packages/server/src/storage/writer/shared-epochs.ts';
const rememberingReader = 'packages/server/src/storage/writer/remembering-reader.ts';
const putManifest = 'packages/server/src/registry/put-manifest.ts';

const pause = (ms: number): string => `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${ms});`;

/** Long enough for the other thread to be asked in between; without a bug it changes nothing but the speed. */
const slowCommit: Patch = {
  file: sharedEpochs,
  replace: [
    [
      'return () => {\n      for (const index of slots)',
      `${pause(5)}\n    return () => {\n      ${pause(5)}\n      for (const index of slots)`,
    ],
  ],
};

const slowLookUp: Patch = {
  file: 'packages/server/src/registry/pull-manifest.ts',
  replace: [
    [
      'const found = reader.findManifest(wanted.repository, tag.digest);',
      `const later = new Promise((resolve) => setTimeout(resolve, 3));
    const found = later.then(() => reader.findManifest(wanted.repository, tag.digest));`,
    ],
  ],
};

const planted: Record<string, readonly Patch[]> = {
  'the counters move after the acknowledgement': [
    {
      file: groupCommit,
      replace: [
        ['const changed = this.#epochs.changing(', 'const names = Array.from('],
        ['      changed();\n', '      setTimeout(() => this.#epochs.changing(names)(), 5);\n'],
      ],
    },
  ],
  'what is remembered is used while a commit may be changing it': [
    slowCommit,
    { file: sharedEpochs, replace: [['return counter % 2 === 0 ? counter : undefined;', 'return counter;']] },
  ],
  'the counter is taken after the rows were read': [
    {
      file: rememberingReader,
      replace: [
        ['this.#keep({ key, counter }, read())', 'this.#keep({ key, counter, counterName }, read())'],
        ['{ key, counter }: {', '{ key, counterName }: {'],
        [
          'this.#answers.set(key, { counter, value });',
          `await new Promise((resolve) => setTimeout(resolve, 2));
    const late = this.#epochs.repository(counterName);
    if (late !== undefined) this.#answers.set(key, { counter: late, value });`,
        ],
      ],
    },
  ],
  'the condition is checked before the command, outside of it': [
    {
      file: putManifest,
      replace: [
        [
          'const again = isLikelyThere',
          `const condition = request.precondition;
  if (condition !== null && reference.kind === 'tag') {
    const held = await ports.reader.findRepository(registry.id, repositoryName);
    const current = (held && (await ports.reader.findTag(held.id, reference.tag)))?.digest ?? null;
    const fails = condition.ifNoneMatchAny ? current !== null : !condition.ifMatch?.includes(current ?? '-');
    if (fails) throw new RegistryError('precondition_failed', 'It holds something else.', { current });
  }
  const again = isLikelyThere`,
        ],
        ['precondition: request.precondition,', 'precondition: null,'],
      ],
    },
  ],
};

// A planted bug shows itself by chance: several tries to see it, each of which must begin afresh.
describe('the check turns red when', { retry: 3 }, () => {
  for (const [name, patches] of Object.entries(planted)) {
    test(name, async () => {
      const raced = await withPatchedSource(patches, (project) => race(project, 8));
      expect(raced.story).toContain('Nothing explains this');
    });
  }
});

describe('the check stays green when only the pace changes:', () => {
  test('a pause before and after each commit', async () => {
    const raced = await withPatchedSource([slowCommit], (project) => race(project, 2));
    expect(raced.story).toBe('');
  });

  test('a pause between the look-up of a tag and that of its manifest', async () => {
    const raced = await withPatchedSource([slowLookUp], (project) => race(project, 3));
    expect(raced.story).toBe('');
  });
});
