import { limits } from '../limits.ts';
import type { CommandBus, CommandContext } from '../registry/commands.ts';

/** Sign-ins that are over give nothing any more; this only takes their rows away. */
const everyMs = 24 * 60 * 60_000;

/** Forgets sign-ins whose time is over. Run twice, the second run finds nothing. */
export async function expireSignIns(
  ports: { readonly bus: CommandBus; readonly context: () => CommandContext },
  signal: AbortSignal,
): Promise<number> {
  for (;;) {
    signal.throwIfAborted();
    const options = { lane: 'jobs', context: ports.context() };
    const batch = await ports.bus.execute('expireRefreshFamilies', { limit: limits.expireBatchMax }, options);
    if (batch.expired < limits.expireBatchMax) return everyMs;
  }
}
