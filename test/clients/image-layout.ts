import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../tools/run-command.ts';
import { type Blob, contentOf, descriptor, type SampleImage, type SampleIndex } from './sample-image.ts';

/** Writes an OCI image layout folder that holds one image or one index under a tag. */
export async function writeImageLayout(
  folder: string,
  tag: string,
  content: SampleImage | SampleIndex,
): Promise<void> {
  const images = 'images' in content ? content.images : [content];
  const root = 'images' in content ? content.index : content.manifest;
  const blobs = [root, ...images.flatMap((image) => [image.manifest, ...contentOf(image)])];
  await mkdir(join(folder, 'blobs', 'sha256'), { recursive: true });
  for (const { digest, bytes } of blobs) await writeFile(blobFile(folder, digest), bytes);
  // containerd reads the first annotation when it imports, the others the second.
  const annotations = { 'io.containerd.image.name': tag, 'org.opencontainers.image.ref.name': tag };
  const manifests = [{ ...descriptor(root), annotations }];
  await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
}

/** Reads one blob of an image layout. */
export function readLayoutBlob(folder: string, digest: string): Promise<Buffer> {
  return readFile(blobFile(folder, digest));
}

/** The blobs of an image, manifest included, as a layout folder should hold them. */
export function blobsOf(image: SampleImage): readonly Blob[] {
  return [image.manifest, ...contentOf(image)];
}

/** Packs a layout folder as the tar file that `load` and `import` commands read. */
export async function packLayout(folder: string, file: string): Promise<void> {
  await runCommand('tar', ['-C', folder, '-cf', file, '.']);
}

/** Unpacks a tar file that holds an image layout. */
export async function unpackLayout(file: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await runCommand('tar', ['-C', folder, '-xf', file]);
}

function blobFile(folder: string, digest: string): string {
  return join(folder, 'blobs', ...digest.split(':'));
}
