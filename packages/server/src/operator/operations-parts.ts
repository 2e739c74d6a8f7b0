import type { SystemKeys } from '../identity/system-keys.ts';
import type { Sources } from '../process-sources.ts';
import type { CommandBus } from '../registry/commands.ts';
import type { MetadataReader } from '../registry/metadata-reader.ts';
import type { RegistryKeys } from '../registry/registry-keys.ts';
import type { KeyRing } from '../sealing/key-ring.ts';
import type { OperatorStatus } from './protocol.ts';

/** What the operations of the operator's command work with. */
export interface OperationsParts {
  readonly reader: MetadataReader;
  readonly bus: CommandBus;
  readonly keys: RegistryKeys;
  readonly systemKeys: SystemKeys;
  readonly ring: KeyRing;
  readonly sources: Sources;
  readonly domain: string;
  readonly defaultRegistry: string;
  readonly status: () => Promise<OperatorStatus>;
}
