import type { FlaggedContent } from './commands.ts';
import type { ContentFlags } from './content-flags.ts';
import { type Actor, commandOptions, type RegistryPorts } from './registry-ports.ts';

/**
 * Changes some of the four flags of a repository, a tag or a manifest.
 * @throws name_unknown, tag_unknown, manifest_unknown
 */
export async function setContentFlags(
  ports: Pick<RegistryPorts, 'bus' | 'newId' | 'now'>,
  actor: Actor,
  request: {
    readonly repositoryName: string;
    readonly content: FlaggedContent;
    readonly change: Partial<ContentFlags>;
  },
): Promise<void> {
  // Nothing to change is nothing to tell of: no command, no event.
  if (Object.keys(request.change).length === 0) return;
  const input = { registry: actor.registry.id, ...request };
  await ports.bus.execute('setContentFlags', input, commandOptions(ports, actor));
}
