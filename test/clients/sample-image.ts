import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { toolFile } from '../tools/tool-location.ts';
import { tarArchive } from './tar-archive.ts';
import { sha256 } from './test-registry.ts';

export interface Blob {
  readonly digest: string;
  readonly bytes: Buffer;
  readonly mediaType: string;
}

/** An image made here: nothing of it comes from another registry. */
export interface SampleImage {
  readonly manifest: Blob;
  readonly config: Blob;
  readonly layers: readonly Blob[];
  readonly architecture: string;
}

export interface SampleIndex {
  readonly index: Blob;
  readonly images: readonly SampleImage[];
}

const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
const ociIndex = 'application/vnd.oci.image.index.v1+json';
const nodeArchitectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** The OCI name of this machine's architecture. */
export const machineArchitecture = nodeArchitectures[process.arch] ?? process.arch;

/** What the sample image prints when it is run. */
export function greetingOf(name: string): string {
  return `hello from ${name}`;
}

/**
 * An image of two layers: a static busybox, and a greeting beside noise. Both have content that only this name has:
 * podman and skopeo remember that a layer is in the registry already under another compression, and use that one.
 */
export function sampleImage(name: string, architecture = machineArchitecture): SampleImage {
  const shell = tarArchive([
    { path: 'busybox', bytes: readFileSync(toolFile('busybox')), mode: 0o755 },
    { path: 'name', bytes: Buffer.from(name) },
  ]);
  const content = tarArchive([
    { path: 'greeting', bytes: Buffer.from(`${greetingOf(name)}\n`) },
    { path: 'noise', bytes: pseudoRandomBytes(`${name} ${architecture}`, 300_000) },
  ]);
  const layers = [shell, content].map((tar) =>
    blob(gzipSync(tar), 'application/vnd.oci.image.layer.v1.tar+gzip'),
  );
  const config = jsonBlob('application/vnd.oci.image.config.v1+json', {
    architecture,
    os: 'linux',
    config: { Cmd: ['/busybox', 'cat', '/greeting'], Env: ['PATH=/'] },
    rootfs: { type: 'layers', diff_ids: [shell, content].map(sha256) },
  });
  const manifest = jsonBlob(ociManifest, {
    schemaVersion: 2,
    mediaType: ociManifest,
    config: descriptor(config),
    layers: layers.map(descriptor),
  });
  return { manifest, config, layers, architecture };
}

/** A multi-platform index of one image for each architecture. */
export function sampleIndex(name: string, architectures: readonly string[]): SampleIndex {
  const images = architectures.map((architecture) => sampleImage(name, architecture));
  const manifests = images.map((image) => ({
    ...descriptor(image.manifest),
    platform: { architecture: image.architecture, os: 'linux' },
  }));
  return { index: jsonBlob(ociIndex, { schemaVersion: 2, mediaType: ociIndex, manifests }), images };
}

/** All blobs of an image but its manifest. */
export function contentOf(image: SampleImage): readonly Blob[] {
  return [image.config, ...image.layers];
}

/** Noise that does not compress, the same for the same seed. */
export function pseudoRandomBytes(seed: string, lengthBytes: number): Buffer {
  return createHash('shake256', { outputLength: lengthBytes }).update(seed).digest();
}

export function descriptor({ digest, bytes, mediaType }: Blob): {
  mediaType: string;
  digest: string;
  size: number;
} {
  return { mediaType, digest, size: bytes.length };
}

export function blob(bytes: Buffer, mediaType: string): Blob {
  return { digest: sha256(bytes), bytes, mediaType };
}

function jsonBlob(mediaType: string, value: unknown): Blob {
  return blob(Buffer.from(JSON.stringify(value)), mediaType);
}
