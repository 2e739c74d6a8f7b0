import type { MetadataReader } from '../registry/metadata-reader.ts';
import type { RegistryKeys } from '../registry/registry-keys.ts';
import { openBox } from './box.ts';
import { registryKeyContext } from './box-context.ts';
import type { KeyRing } from './key-ring.ts';
import { SealingError } from './sealing-error.ts';

/** Unseals registries' keys with the root key, once each, and keeps them in memory. */
export function unsealedRegistryKeys(
  reader: Pick<MetadataReader, 'registryKeyBox'>,
  ring: KeyRing,
): RegistryKeys {
  const known = new Map<string, Promise<Uint8Array>>();

  async function unseal(registry: string, number: number): Promise<Uint8Array> {
    const box = await reader.registryKeyBox(registry, number);
    if (box === undefined) {
      throw new SealingError('key_unknown', `The registry ${registry} has no key with the number ${number}.`);
    }
    const context = registryKeyContext({ registry, keyNumber: number });
    return openBox({ kind: 'registryKey', box, context, keyOf: (n) => ring.keyOf(n), acceptClear: false });
  }

  function byNumber(registry: string, number: number): Promise<Uint8Array> {
    const name = `${registry}/${number}`;
    const found = known.get(name);
    if (found !== undefined) return found;
    const opened = unseal(registry, number);
    known.set(name, opened);
    // A failure is not kept: the database may be there again the next time.
    opened.catch(() => known.delete(name));
    return opened;
  }

  return {
    byNumber,
    current: async (registry) => ({
      number: registry.keyNumber,
      key: await byNumber(registry.id, registry.keyNumber),
    }),
  };
}
