import type { Reference } from '@cerulean/oci/reference.ts';
import { RegistryError } from '../errors.ts';
import { refuseUnreadable } from './content-flags.ts';
import type { ManifestRow, RegistryRow } from './metadata-reader.ts';
import { nameUnknown } from './pull-blob.ts';
import type { RegistryPorts } from './registry-ports.ts';

/** A manifest by tag or digest, without its bytes (OCI end-3). @throws name_unknown, manifest_unknown, operation_disallowed */
export async function findManifest(
  ports: Pick<RegistryPorts, 'reader'>,
  registry: Pick<RegistryRow, 'id'>,
  wanted: { readonly repositoryName: string; readonly reference: Reference },
): Promise<ManifestRow> {
  const { repositoryName, reference } = wanted;
  const repository = await ports.reader.findRepository(registry.id, repositoryName);
  if (repository === undefined) throw nameUnknown(repositoryName);
  refuseUnreadable(repository.flags);
  const manifest =
    reference.kind === 'digest'
      ? await ports.reader.findManifest(repository.id, reference.digest)
      : await findTagged(ports, repository.id, reference.tag);
  if (manifest === undefined) throw manifestUnknown(repositoryName, reference);
  refuseUnreadable(manifest);
  return manifest;
}

/** Each further look needs one more deletion at just the wrong moment. */
const looksMax = 8;

/**
 * The manifest that a tag points at. Between the two look-ups the tag may be moved and the manifest that it had be
 * deleted; that leaves the tag where it is, and so its absence must be seen in the tag itself.
 */
async function findTagged(
  { reader }: Pick<RegistryPorts, 'reader'>,
  repository: string,
  tag: string,
): Promise<ManifestRow | undefined> {
  for (let looks = 0; looks < looksMax; looks += 1) {
    const found = await reader.findTag(repository, tag);
    if (found === undefined) return undefined;
    refuseUnreadable(found);
    const manifest = await reader.findManifest(repository, found.digest);
    if (manifest !== undefined) return manifest;
  }
  return undefined;
}

/** The bytes of a manifest that was found, exactly as they were put. */
export async function manifestBytes(
  ports: Pick<RegistryPorts, 'reader' | 'manifestSealer' | 'manifestCache'>,
  registry: Pick<RegistryRow, 'id'>,
  digest: string,
): Promise<Uint8Array> {
  const known = ports.manifestCache.get(registry.id, digest);
  if (known !== undefined) return known;
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
