import type { Sources } from '../process-sources.ts';
import type { CommandContext } from '../registry/commands.ts';

/** Whoever reaches the socket owns the data folder: that is who the events name. */
export function operatorContext(sources: Sources): CommandContext {
  return {
    commandId: sources.newId(),
    newId: sources.newId(),
    now: sources.now(),
    principalId: '',
    principalName: 'operator',
    requestId: sources.newId(),
    address: 'control socket',
    host: '',
    method: '',
    userAgent: '',
  };
}
