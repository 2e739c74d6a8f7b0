import type { ManifestSealer } from '../registry/manifest-sealer.ts';
import type { RegistryKeys } from '../registry/registry-keys.ts';
import { boxKeyNumber, clearBox, openBox, sealBox } from './box.ts';
import { labelsContext, manifestContext } from './box-context.ts';

/** Seals manifests and labels under the registries' keys. */
export function registryManifestSealer(options: {
  readonly keys: RegistryKeys;
  readonly encryption: 'aes-256-gcm' | 'none';
  readonly readUnencrypted: boolean;
}): ManifestSealer {
  const { keys, encryption, readUnencrypted } = options;
  return {
    async sealManifest(registry, digest, bytes) {
      if (encryption === 'none') return clearBox(bytes);
      const { number, key } = await keys.current(registry);
      const context = manifestContext({ registry: registry.id, digest });
      return sealBox({ kind: 'manifest', keyNumber: number, key, context, plaintext: bytes });
    },
    async sealLabels(registry, digest, json) {
      const plaintext = Buffer.from(json);
      if (encryption === 'none') return clearBox(plaintext);
      const { number, key } = await keys.current(registry);
      const context = labelsContext({ registry: registry.id, digest });
      return sealBox({ kind: 'labels', keyNumber: number, key, context, plaintext });
    },
    async openManifest(registry, digest, box) {
      const number = boxKeyNumber(box);
      const key = number === undefined ? undefined : await keys.byNumber(registry, number);
      const context = manifestContext({ registry, digest });
      return openBox({ kind: 'manifest', box, context, keyOf: () => key, acceptClear: readUnencrypted });
    },
  };
}
