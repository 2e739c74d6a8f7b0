import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import { invalidMember } from './manifest-error.ts';
import type { Platform } from './platform.ts';

/** One piece of content that a manifest names, once for each digest. */
export interface ManifestReference {
  readonly digest: Digest;
  /** The first role in which the digest occurs. A child is a manifest by intent, but its media type decides. */
  readonly kind: 'config' | 'layer' | 'child';
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** False for layers that by their media type lie elsewhere: their absence never refuses a manifest. */
  readonly required: boolean;
  readonly platform?: Platform;
}

/** The descriptors of a manifest by role. */
export interface ReferencedDescriptors {
  readonly config: Descriptor | undefined;
  readonly layers: readonly Descriptor[];
  readonly manifests: readonly Descriptor[];
}

const nonDistributablePrefix = 'application/vnd.oci.image.layer.nondistributable.';
const dockerForeignLayer = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';

/**
 * All content that a manifest names, in its order, each digest once; required when any of its occurrences is.
 * Throws ManifestError when two descriptors give one digest two sizes, because one of them is wrong.
 */
export function referencesOf(descriptors: ReferencedDescriptors): ManifestReference[] {
  const references = new Map<Digest, ManifestReference>();
  const add = (descriptor: Descriptor, kind: ManifestReference['kind'], path: string) => {
    const { digest, mediaType, sizeBytes, platform } = descriptor;
    const required = kind !== 'layer' || !isNonDistributable(mediaType);
    const known = references.get(digest);
    if (known === undefined) {
      references.set(digest, { digest, kind, mediaType, sizeBytes, required, ...(platform && { platform }) });
      return;
    }
    if (known.sizeBytes !== sizeBytes) {
      throw invalidMember(
        `${path}.size`,
        `is ${sizeBytes}, and elsewhere ${known.sizeBytes} for the same digest`,
      );
    }
    if (required && !known.required) references.set(digest, { ...known, required });
  };
  if (descriptors.config !== undefined) add(descriptors.config, 'config', 'config');
  descriptors.layers.forEach((layer, at) => add(layer, 'layer', `layers[${at}]`));
  descriptors.manifests.forEach((child, at) => add(child, 'child', `manifests[${at}]`));
  return [...references.values()];
}

/** Layers that may not be pushed, or lie at their `urls` (OCI image-spec, layer.md, non-distributable layers). */
function isNonDistributable(mediaType: string): boolean {
  return mediaType.startsWith(nonDistributablePrefix) || mediaType === dockerForeignLayer;
}
