import type { Digest } from '@cerulean/oci/digest.ts';
import { isJsonObject } from '@cerulean/oci/json-object.ts';
import { refuseUnreadable } from './content-flags.ts';
import type { PageRequest, ReferrerRow, RegistryRow } from './metadata-reader.ts';
import type { RegistryPorts } from './registry-ports.ts';

/** A referrer as an image index lists it (OCI distribution spec, "Listing Referrers"). */
export interface ReferrerDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ReferrerPage {
  readonly manifests: readonly ReferrerDescriptor[];
  /** What `last` must be for the page after this one. */
  readonly next: string | undefined;
}

type Ports = Pick<RegistryPorts, 'reader' | 'manifestSealer'>;

/**
 * Manifests whose subject is this digest, which need not exist itself (OCI end-12). A repository that does not exist
 * has none: the specification lets a registry that has this endpoint never answer 404.
 * @throws operation_disallowed
 */
export async function listReferrers(
  ports: Ports,
  registry: Pick<RegistryRow, 'id'>,
  wanted: {
    readonly repositoryName: string;
    readonly subject: Digest;
    readonly artifactType: string | undefined;
    readonly page: PageRequest;
  },
): Promise<ReferrerPage> {
  const { page } = wanted;
  const repository = await ports.reader.findRepository(registry.id, wanted.repositoryName);
  refuseUnreadable(repository?.flags);
  if (repository === undefined || page.limit === 0) return { manifests: [], next: undefined };
  const more = { last: page.last, limit: page.limit + 1 };
  const rows = await ports.reader.listReferrers(repository.id, wanted, more);
  const shown = rows.slice(0, page.limit);
  const manifests: ReferrerDescriptor[] = [];
  // One after the other: opening them is work for this thread's processor, not waiting.
  for (const row of shown) manifests.push(await describe(ports, registry, row));
  return { manifests, next: rows.length > shown.length ? shown.at(-1)?.digest : undefined };
}

async function describe(
  ports: Ports,
  registry: Pick<RegistryRow, 'id'>,
  row: ReferrerRow,
): Promise<ReferrerDescriptor> {
  const annotations = row.hasAnnotations ? await annotationsOf(ports, registry, row) : undefined;
  return {
    mediaType: row.mediaType,
    digest: row.digest,
    size: row.sizeBytes,
    ...(row.artifactType !== null && { artifactType: row.artifactType }),
    ...(annotations !== undefined && { annotations }),
  };
}

/** They were checked when the manifest was put: an object of strings. */
async function annotationsOf(
  ports: Ports,
  registry: Pick<RegistryRow, 'id'>,
  row: ReferrerRow,
): Promise<Record<string, string> | undefined> {
  const bytes = await ports.manifestSealer.openManifest(registry.id, row.digest, row.box);
  const manifest: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
  const annotations = isJsonObject(manifest) ? manifest['annotations'] : undefined;
  return isJsonObject(annotations) ? (annotations as Record<string, string>) : undefined;
}
