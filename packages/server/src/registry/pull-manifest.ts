import type { Reference } from '@cerulean/oci/reference.ts';
import { RegistryError } from '../errors.ts';
import { refuseUnreadable } from './content-flags.ts';
import {
  type Found,
  type ManifestRow,
  type MetadataReader,
  type RegistryRow,
  whenFound,
} from './metadata-reader.ts';
import { nameUnknown } from './pull-blob.ts';
import type { RegistryPorts } from './registry-ports.ts';

/** A manifest by tag or digest, without its bytes (OCI end-3). @throws name_unknown, manifest_unknown, operation_disallowed */
export function findManifest(
  { reader }: Pick<RegistryPorts, 'reader'>,
  registry: Pick<RegistryRow, 'id'>,
  wanted: { readonly repositoryName: string; readonly reference: Reference },
): Found<ManifestRow> {
  const { repositoryName, reference } = wanted;
  return whenFound(reader.findRepository(registry.id, repositoryName), (repository) => {
    if (repository === undefined) throw nameUnknown(repositoryName);
    refuseUnreadable(repository.flags);
    const found =
      reference.kind === 'digest'
        ? reader.findManifest(repository.id, reference.digest)
        : findTagged(reader, { repository: repository.id, tag: reference.tag }, looksMax);
    return whenFound(found, (manifest) => {
      if (manifest === undefined) throw manifestUnknown(repositoryName, reference);
      refuseUnreadable(manifest);
      return manifest;
    });
  });
}

/** Each further look needs one more deletion at just the wrong moment. */
const looksMax = 8;

/**
 * The manifest that a tag points at. Between the two look-ups the tag may be moved and the manifest that it had be
 * deleted; that leaves the tag where it is, and so its absence must be seen in the tag itself.
 */
function findTagged(
  reader: Pick<MetadataReader, 'findTag' | 'findManifest'>,
  wanted: { readonly repository: string; readonly tag: string },
  looksLeft: number,
): Found<ManifestRow | undefined> {
  if (looksLeft === 0) return undefined;
  return whenFound(reader.findTag(wanted.repository, wanted.tag), (tag) => {
    if (tag === undefined) return undefined;
    refuseUnreadable(tag);
    const found = reader.findManifest(wanted.repository, tag.digest);
    return whenFound(found, (manifest) => manifest ?? findTagged(reader, wanted, looksLeft - 1));
  });
}

/** The bytes of a manifest that was found, exactly as they were put. */
export function manifestBytes(
  ports: Pick<RegistryPorts, 'reader' | 'manifestSealer' | 'manifestCache'>,
  registry: Pick<RegistryRow, 'id'>,
  digest: string,
): Found<Uint8Array> {
  return ports.manifestCache.get(registry.id, digest) ?? openManifest(ports, registry, digest);
}

async function openManifest(
  ports: Pick<RegistryPorts, 'reader' | 'manifestSealer' | 'manifestCache'>,
  registry: Pick<RegistryRow, 'id'>,
  digest: string,
): Promise<Uint8Array> {
  const box = await ports.reader.manifestBox(registry.id, digest);
  // A delete may come between the row that was found and its content.
  if (box === undefined)
    throw new RegistryError('manifest_unknown', `manifest ${digest} is not found`, { Revision: digest });
  const bytes = await ports.manifestSealer.openManifest(registry.id, digest, box);
  ports.manifestCache.put(registry.id, digest, bytes);
  return bytes;
}

/** In ACR's words, which its clients show to their users. */
function manifestUnknown(repositoryName: string, reference: Reference): RegistryError {
  return reference.kind === 'tag'
    ? new RegistryError('manifest_unknown', `manifest tagged by "${reference.tag}" is not found`, {
        Tag: reference.tag,
      })
    : new RegistryError('manifest_unknown', `manifest ${reference.digest} is not found`, {
        Name: repositoryName,
        Revision: reference.digest,
      });
}
