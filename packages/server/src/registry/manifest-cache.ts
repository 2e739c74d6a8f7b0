import { LRUCache } from 'lru-cache';

/** Opened manifests, by registry and digest. It says nothing about which repository has them: rows say that. */
export interface ManifestCache {
  get(registry: string, digest: string): Uint8Array | undefined;
  put(registry: string, digest: string, bytes: Uint8Array): void;
}

/** Keeps the manifests used last, at most `bytesMax` of them in all. */
export function createManifestCache(bytesMax: number): ManifestCache {
  const cache = new LRUCache<string, Uint8Array>({
    maxSize: bytesMax,
    // The key and the entry cost something too; a manifest may be empty of meaning but not of size.
    sizeCalculation: (bytes) => bytes.length + 256,
  });
  const key = (registry: string, digest: string): string => `${registry}/${digest}`;
  return {
    get: (registry, digest) => cache.get(key(registry, digest)),
    put: (registry, digest, bytes) => void cache.set(key(registry, digest), bytes),
  };
}
