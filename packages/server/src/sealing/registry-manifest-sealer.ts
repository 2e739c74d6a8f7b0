import type { ManifestSealer } from '../registry/manifest-sealer.ts';
import type { RegistryKeys } from '../registry/registry-keys.ts';
import { StorageFailure } from '../storage-failure.ts';
import { boxKeyNumber, clearBox, openBox, sealBox } from './box.ts';
import { labelsContext, manifestContext } from './box-context.ts';
import { SealingError } from './sealing-error.ts';

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
      return naming(digest, () =>
        openBox({ kind: 'manifest', box, context, keyOf: () => key, acceptClear: readUnencrypted }),
      );
    },
  };
}

/** Bytes that can't be opened are a failure of what is stored, not of who asks for them. */
function naming<Result>(digest: string, open: () => Result): Result {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof SealingError)) throw error;
    const code =
      error.code === 'key_unknown' || error.code === 'clear_refused' ? error.code : 'authentication_failed';
    throw new StorageFailure(code, `Manifest ${digest} can't be opened: ${error.message}`, { cause: error });
  }
}
