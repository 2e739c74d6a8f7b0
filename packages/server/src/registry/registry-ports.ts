/**
 * What the functions of this folder work with: handed in by `compose.ts`, so that none of them knows a database, a
 * file or a clock. A function asks for the few it needs: `Pick<RegistryPorts, 'reader' | 'bus'>`.
 */
import type { BlobReader, BlobWriter } from './blob-bytes.ts';
import type { ContentReader } from './blob-content.ts';
import type { CommandBus, CommandContext } from './commands.ts';
import type { LiveHashes } from './live-hashes.ts';
import type { ManifestCache } from './manifest-cache.ts';
import type { ManifestSealer } from './manifest-sealer.ts';
import type { MetadataReader, RegistryRow } from './metadata-reader.ts';
import type { ParsedManifests } from './parsed-manifests.ts';
import type { PullCounter } from './pull-counter.ts';
import type { UploadMac } from './upload-token.ts';

export interface RegistryPorts {
  readonly reader: MetadataReader;
  readonly bus: CommandBus;
  readonly blobWriter: BlobWriter;
  /** Reads from storage, for the server's own needs. */
  readonly blobReader: BlobReader;
  /** Reads for clients, through the content cache. */
  readonly contentReader: ContentReader;
  readonly manifestSealer: ManifestSealer;
  readonly uploadMac: UploadMac;
  readonly liveHashes: LiveHashes;
  readonly manifestCache: ManifestCache;
  readonly parsedManifests: ParsedManifests;
  readonly pullCounter: Pick<PullCounter, 'count'>;
  /** 16 random bytes as 32 hex digits. */
  readonly newId: () => string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Who asks, and for which registry: what a command's event will say. */
export interface Actor extends Omit<CommandContext, 'commandId' | 'newId' | 'now'> {
  readonly registry: RegistryRow;
}

/** The lane and the context of one command of this actor. */
export function commandOptions(
  ports: Pick<RegistryPorts, 'newId' | 'now'>,
  actor: Actor,
): { readonly lane: string; readonly context: CommandContext } {
  const { registry, ...context } = actor;
  return {
    lane: registry.id,
    context: { ...context, commandId: ports.newId(), newId: ports.newId(), now: ports.now() },
  };
}
