import { RegistryError } from '../errors.ts';
import type { MetadataReader, RegistryRow } from '../registry/metadata-reader.ts';

/** The registry that the operator names. @throws registry_unknown, which lists those that there are */
export async function knownRegistry(
  reader: Pick<MetadataReader, 'findRegistry' | 'listRegistries'>,
  name: string,
): Promise<RegistryRow> {
  const registry = await reader.findRegistry(name);
  if (registry !== undefined) return registry;
  const names = (await reader.listRegistries()).map((row) => row.name).join(', ');
  throw new RegistryError('registry_unknown', `There is no registry called ${name}. There are: ${names}`);
}
