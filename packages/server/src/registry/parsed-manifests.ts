import type { ParsedManifest } from '@cerulean/oci/manifest.ts';
import { LRUCache } from 'lru-cache';

/** What was parsed lately: a manifest that is tagged again and again is read once. */
export interface ParsedManifests {
  /** `parse` must be a function of the bytes that have this digest, and of their content type, alone. */
  get(
    manifest: {
      readonly digest: string;
      readonly contentType: string | undefined;
      readonly sizeBytes: number;
    },
    parse: () => ParsedManifest,
  ): ParsedManifest;
}

/** Manifests of images and charts are smaller; larger ones are parsed each time rather than kept. */
const keptBytesMax = 16 * 1024;

/** Keeps the small manifests that were parsed last. */
export function createParsedManifests(countMax: number): ParsedManifests {
  const parsed = new LRUCache<string, ParsedManifest>({ max: countMax });
  return {
    get({ digest, contentType, sizeBytes }, parse) {
      if (sizeBytes > keptBytesMax) return parse();
      const key = `${digest} ${contentType ?? ''}`;
      const known = parsed.get(key);
      if (known !== undefined) return known;
      const manifest = parse();
      parsed.set(key, manifest);
      return manifest;
    },
  };
}
