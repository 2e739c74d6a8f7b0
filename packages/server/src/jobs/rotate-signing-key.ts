import type { CommandBus, CommandContext, NewSystemKey } from '../registry/commands.ts';
import type { SystemKeyRow } from '../registry/metadata-reader.ts';

const everyMs = 60 * 60_000;

export interface RotationPorts {
  readonly bus: CommandBus;
  readonly context: () => CommandContext;
  readonly signingKeys: () => Promise<readonly SystemKeyRow[]>;
  /** Decides; pure. */
  readonly plan: (rows: readonly SystemKeyRow[]) => {
    readonly addVersion: number | undefined;
    readonly retireVersions: readonly number[];
  };
  readonly newKey: (version: number) => Promise<NewSystemKey>;
  /** The purpose that signing keys are stored under. */
  readonly purpose: number;
}

/** Run twice, the second run finds the version that the first one added, and adds nothing. */
export async function rotateSigningKey(ports: RotationPorts): Promise<number> {
  const { bus, context } = ports;
  const plan = ports.plan(await ports.signingKeys());
  if (plan.addVersion !== undefined) {
    await bus.execute('putSystemKey', await ports.newKey(plan.addVersion), {
      lane: 'jobs',
      context: context(),
    });
  }
  for (const version of plan.retireVersions) {
    await bus.execute(
      'retireSystemKey',
      { purpose: ports.purpose, version },
      { lane: 'jobs', context: context() },
    );
  }
  return everyMs;
}
