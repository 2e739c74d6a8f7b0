import { expect, test } from 'vitest';
import { RegistryError } from '../errors.ts';
import { jobContext } from '../jobs/job-runner.ts';
import { limits } from '../limits.ts';
import type { CommandBus, Commands } from './commands.ts';
import { type Pull, PullCounter } from './pull-counter.ts';

type Batch = Commands['recordPulls']['input'];

/** A writer's end that keeps what it was sent, and refuses when `refuse` says so. */
function writerEnd(refuse: () => Error | undefined = () => undefined) {
  const batches: Batch[] = [];
  const bus: CommandBus = {
    async execute(_name, input) {
      const error = refuse();
      if (error !== undefined) throw error;
      batches.push(input as Batch);
      return {} as never;
    },
  };
  let now = 1000;
  const context = () =>
    jobContext(
      () => '0',
      () => now,
    );
  const counter = new PullCounter({ bus, context, now: () => now });
  return { batches, counter, at: (time: number) => void (now = time) };
}

const pull = (change: Partial<Pull> = {}): Pull => ({
  registry: 'r',
  repositoryName: 'app',
  digest: 'sha256:ab',
  tag: 'v1',
  content: true,
  ...change,
});

test('nothing is sent until it is flushed, and then one batch for each registry', async () => {
  const { batches, counter, at } = writerEnd();
  counter.count(pull());
  at(2000);
  counter.count(pull({ tag: undefined }));
  counter.count(pull({ content: false }));
  counter.count(pull({ registry: 'other', tag: undefined }));
  expect(batches).toEqual([]);
  await counter.flush();
  expect(batches).toEqual([
    {
      registry: 'r',
      manifests: [{ repositoryName: 'app', digest: 'sha256:ab', count: 2, at: 2000 }],
      tags: [{ repositoryName: 'app', tag: 'v1', count: 2, at: 2000 }],
    },
    {
      registry: 'other',
      manifests: [{ repositoryName: 'app', digest: 'sha256:ab', count: 1, at: 2000 }],
      tags: [],
    },
  ]);
  await counter[Symbol.asyncDispose]();
  expect(batches).toHaveLength(2);
});

test('the end records what is left', async () => {
  const { batches, counter } = writerEnd();
  counter.count(pull());
  await counter[Symbol.asyncDispose]();
  expect(batches).toHaveLength(1);
});

test('what a busy writer refuses goes with the next batch; what may have been done is not sent again', async () => {
  let error: Error | undefined = new RegistryError('overloaded', 'busy');
  const { batches, counter } = writerEnd(() => error);
  counter.count(pull());
  await counter.flush();
  counter.count(pull());
  error = undefined;
  await counter.flush();
  expect(batches.map((batch) => batch.manifests[0]?.count)).toEqual([2]);
  error = new Error('the outcome is not known');
  counter.count(pull());
  await counter.flush();
  error = undefined;
  await counter.flush();
  expect(batches).toHaveLength(1);
  await counter[Symbol.asyncDispose]();
});

test('memory is bounded: a full count is recorded at once, in batches of a bounded size', async () => {
  const { batches, counter } = writerEnd();
  for (let at = 0; at < limits.pullsCountedMax; at += 1)
    counter.count(pull({ repositoryName: `app-${at}`, tag: undefined }));
  await counter.flush();
  expect(batches).toHaveLength(limits.pullsCountedMax / limits.pullBatchMax);
  expect(batches.every((batch) => batch.manifests.length === limits.pullBatchMax)).toBe(true);
  await counter[Symbol.asyncDispose]();
});
