import { parseImageConfig } from '@cerulean/oci/image-config.ts';
import type { ParsedManifest } from '@cerulean/oci/manifest.ts';
import { limits } from '../limits.ts';
import type { RegistryRow } from './metadata-reader.ts';
import type { RegistryPorts } from './registry-ports.ts';

/** What is taken out of an image's config; all null where there is none that can be read. */
export interface ConfigFacts {
  readonly architecture: string | null;
  readonly os: string | null;
  readonly variant: string | null;
  readonly osVersion: string | null;
  readonly configCreated: string | null;
  /** JSON; undefined for no labels. */
  readonly labels: string | undefined;
}

const nothing: ConfigFacts = {
  architecture: null,
  os: null,
  variant: null,
  osVersion: null,
  configCreated: null,
  labels: undefined,
};

export interface ReadConfig {
  readonly registry: Pick<RegistryRow, 'id'>;
  readonly repositoryName: string;
  readonly manifest: ParsedManifest;
  readonly signal: AbortSignal;
}

/** Reads the config that a manifest names, where the repository has it and it is not too large. It is never a reason to refuse. */
export async function readConfigFacts(
  ports: Pick<RegistryPorts, 'reader' | 'blobReader'>,
  { registry, repositoryName, manifest, signal }: ReadConfig,
): Promise<ConfigFacts> {
  const digest = manifest.config?.digest;
  if (digest === undefined) return nothing;
  const repository = await ports.reader.findRepository(registry.id, repositoryName);
  const blob = repository === undefined ? undefined : await ports.reader.findBlob(repository.id, digest);
  if (blob === undefined || blob.sizeBytes === 0 || blob.sizeBytes > limits.configBytesMax) return nothing;
  const segments = await ports.reader.segments(blob.id);
  const pieces: Uint8Array[] = [];
  const source = ports.blobReader.open({
    registry: registry.id,
    blob: blob.id,
    segments,
    range: undefined,
    signal,
  });
  for await (const piece of source) pieces.push(piece);
  const config = parseImageConfig(Buffer.concat(pieces));
  if (config === undefined) return nothing;
  return {
    architecture: config.architecture ?? null,
    os: config.os ?? null,
    variant: config.variant ?? null,
    osVersion: config.osVersion ?? null,
    configCreated: config.created ?? null,
    labels: Object.keys(config.labels).length === 0 ? undefined : JSON.stringify(config.labels),
  };
}
