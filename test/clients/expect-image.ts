import { expect } from 'vitest';
import { blobsOf, readLayoutBlob } from './image-layout.ts';
import { contentOf, type SampleImage } from './sample-image.ts';
import { getBlob, getManifest, sha256 } from './test-registry.ts';

/** The registry gives back the manifest and each blob of an image byte for byte, with the right digest header. */
export async function expectStored(repository: string, reference: string, image: SampleImage): Promise<void> {
  const stored = await getManifest(repository, reference);
  expect(stored.digest).toBe(image.manifest.digest);
  expect(stored.mediaType).toBe(image.manifest.mediaType);
  expectSameBytes(stored.bytes, image.manifest.bytes);
  for (const { digest, bytes } of contentOf(image)) expectSameBytes(await getBlob(repository, digest), bytes);
}

/** An image layout folder that a client has written holds the manifest and each blob byte for byte. */
export async function expectLayoutHolds(folder: string, image: SampleImage): Promise<void> {
  for (const { digest, bytes } of blobsOf(image)) {
    expectSameBytes(await readLayoutBlob(folder, digest), bytes);
  }
}

/** Compares by content but reports by digest, for a picture of two megabytes of difference helps nobody. */
export function expectSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  expect({ lengthBytes: actual.length, digest: sha256(actual) }).toEqual({
    lengthBytes: expected.length,
    digest: sha256(expected),
  });
  expect(Buffer.compare(actual, expected)).toBe(0);
}
