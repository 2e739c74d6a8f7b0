import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from '../../limits.ts';
import { CommandQueue, type QueuedCommand } from './command-queue.ts';

test('a registry with one command waits for at most one command of each other registry', () => {
  const queue = new CommandQueue();
  for (let index = 0; index < 100; index += 1) queue.push(command('busy', index));
  queue.push(command('quiet', 0));
  expect(queue.takeGroup().findIndex((taken) => taken.lane === 'quiet')).toBeLessThan(2);
});

test('each command is taken once, in the order of its lane, in groups within the limits', () => {
  const sent = fc.array(
    fc.record({ lane: fc.constantFrom('a', 'b', 'c'), bytes: fc.integer({ min: 1, max: 700_000 }) }),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(sent, (commands) => {
      const queue = new CommandQueue();
      for (const [index, { lane, bytes }] of commands.entries()) queue.push(command(lane, index, bytes));
      const taken: QueuedCommand[] = [];
      while (queue.count > 0) {
        const group = queue.takeGroup();
        expect(group.length).toBeGreaterThan(0);
        expect(group.length).toBeLessThanOrEqual(limits.groupCommandsMax);
        taken.push(...group);
      }
      expect(taken).toHaveLength(commands.length);
      for (const lane of ['a', 'b', 'c']) {
        const order = taken.filter((one) => one.lane === lane).map((one) => Number(one.context.requestId));
        expect(order).toEqual([...order].sort((a, b) => a - b));
      }
    }),
  );
});

function command(lane: string, number: number, bytes = 1): QueuedCommand {
  const nothing = (): void => undefined;
  const context = { requestId: String(number) } as QueuedCommand['context'];
  return { name: 'listTrash', input: { limit: 1 }, context, lane, bytes, resolve: nothing, reject: nothing };
}
