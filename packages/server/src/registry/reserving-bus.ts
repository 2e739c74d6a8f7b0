import type { CommandBus, CommandName } from './commands.ts';

/** The commands that bring more into the registry; what reads, deletes or administrates goes on when space is short. */
const growing: ReadonlySet<CommandName> = new Set([
  'appendUpload',
  'finishUpload',
  'mountBlob',
  'putManifest',
  'putKnownManifest',
] as const);

/** Refuses what grows when `check` says that there is no room. */
export function reservingBus(bus: CommandBus, check: () => void): CommandBus {
  return {
    async execute(name, input, options) {
      if (growing.has(name)) check();
      return bus.execute(name, input, options);
    },
  };
}
