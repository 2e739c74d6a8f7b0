import { RegistryError } from '../errors.ts';
import { refuseUnreadable } from './content-flags.ts';
import { type BlobRow, type Found, type RegistryRow, whenFound } from './metadata-reader.ts';
import type { RegistryPorts } from './registry-ports.ts';

/**
 * A blob as a repository has it (OCI end-2). A blob is read only through a repository that links it: not known at
 * all and not linked here look the same. @throws name_unknown, blob_unknown,
 * operation_disallowed
 */
export function findBlob(
  { reader }: Pick<RegistryPorts, 'reader'>,
  registry: Pick<RegistryRow, 'id'>,
  wanted: { readonly repositoryName: string; readonly digest: string },
): Found<BlobRow> {
  const { repositoryName, digest } = wanted;
  return whenFound(reader.findRepository(registry.id, repositoryName), (repository) => {
    if (repository === undefined) throw nameUnknown(repositoryName);
    refuseUnreadable(repository.flags);
    return whenFound(reader.findBlob(repository.id, digest), (blob) => {
      if (blob === undefined) throw new RegistryError('blob_unknown', 'blob unknown to registry', { digest });
      return blob;
    });
  });
}

/** Says nothing about whether others can see a repository of that name. */
export const nameUnknown = (name: string): RegistryError =>
  new RegistryError('name_unknown', 'repository name not known to registry', { name });
