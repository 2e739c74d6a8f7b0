import { RegistryError } from '../errors.ts';
import { refuseUnreadable } from './content-flags.ts';
import type { BlobRow, RegistryRow } from './metadata-reader.ts';
import type { RegistryPorts } from './registry-ports.ts';

/**
 * A blob as a repository has it (OCI end-2). A blob is read only through a repository that links it: not known at
 * all and not linked here look the same. @throws name_unknown, blob_unknown,
 * operation_disallowed
 */
export async function findBlob(
  ports: Pick<RegistryPorts, 'reader'>,
  registry: Pick<RegistryRow, 'id'>,
  wanted: { readonly repositoryName: string; readonly digest: string },
): Promise<BlobRow> {
  const { repositoryName, digest } = wanted;
  const repository = await ports.reader.findRepository(registry.id, repositoryName);
  if (repository === undefined) throw nameUnknown(repositoryName);
  refuseUnreadable(repository.flags);
  const blob = await ports.reader.findBlob(repository.id, digest);
  if (blob === undefined) throw new RegistryError('blob_unknown', 'blob unknown to registry', { digest });
  return blob;
}

/** Says nothing about whether others can see a repository of that name. */
export const nameUnknown = (name: string): RegistryError =>
  new RegistryError('name_unknown', 'repository name not known to registry', { name });
