import type { SealingRegistry } from './blob-bytes.ts';

/** Seals and opens what is kept of a manifest in rows. Boxes are bound to registry and digest. */
export interface ManifestSealer {
  sealManifest(registry: SealingRegistry, digest: string, bytes: Uint8Array): Promise<Uint8Array>;
  /** JSON of a config's labels. */
  sealLabels(registry: SealingRegistry, digest: string, json: string): Promise<Uint8Array>;
  /** @throws SealingError when the box was changed, moved or sealed by an unknown key. */
  openManifest(registry: string, digest: string, box: Uint8Array): Promise<Uint8Array>;
}
