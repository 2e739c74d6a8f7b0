import { limits } from '../limits.ts';
import type { CommandBus, CommandContext } from '../registry/commands.ts';

/** Uploads live for days, so an hour late is early enough. */
const everyMs = 60 * 60_000;
const trashBatchMax = 500;

/** Removes objects by their ids; one that is not there counts as removed. */
export interface ObjectRemover {
  remove(object: string): Promise<void>;
}

/**
 * Ends uploads whose time is over, then removes the objects that lost their rows. Run twice, the second run finds
 * nothing: an object's id is never used again, so removing it again removes nothing else.
 */
export async function expireUploads(
  ports: {
    readonly bus: CommandBus;
    readonly objects: ObjectRemover;
    readonly context: () => CommandContext;
  },
  signal: AbortSignal,
): Promise<number> {
  const { bus, objects, context } = ports;
  for (;;) {
    signal.throwIfAborted();
    const batch = await bus.execute(
      'expireUploads',
      { limit: limits.expireBatchMax },
      { lane: 'jobs', context: context() },
    );
    if (batch.expired < limits.expireBatchMax) break;
  }
  for (;;) {
    signal.throwIfAborted();
    const trash = await bus.execute(
      'listTrash',
      { limit: trashBatchMax },
      { lane: 'jobs', context: context() },
    );
    if (trash.length === 0) return everyMs;
    for (const object of trash) await objects.remove(object);
    await bus.execute('dropTrash', { objects: trash }, { lane: 'jobs', context: context() });
  }
}
