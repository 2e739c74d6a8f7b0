/** What a client does, each request of it in the ledger. What the server refuses is no error here. */
import { randomBytes } from 'node:crypto';
import { manifestType, sha256, withDigest } from '../process/registry-client.ts';
import type { Driver, KnownManifest, UnfinishedUpload } from './driver.ts';
import { absent, type Place, present, registerName } from './registers.ts';

const octets = { 'content-type': 'application/octet-stream' };

export async function pushBlob(driver: Driver, place: Place, bytes: Uint8Array): Promise<string> {
  const digest = sha256(bytes);
  await driver.send({
    place,
    method: 'POST',
    path: `/v2/${place.repository}/blobs/uploads/?digest=${digest}`,
    body: bytes,
    headers: octets,
    effects: [{ register: registerName('blob', place, digest), value: present }],
    acknowledgedBy: 201,
  });
  return digest;
}

/** Pushes a blob in chunks that end at these places. */
export async function pushInChunks(
  driver: Driver,
  place: Place,
  content: { readonly bytes: Uint8Array; readonly endsBytes: readonly number[] },
): Promise<string> {
  const { bytes, endsBytes } = content;
  const digest = sha256(bytes);
  const path = `/v2/${place.repository}/blobs/uploads/`;
  const begun = await driver.send({ place, method: 'POST', path, acknowledgedBy: 202 });
  if (begun.status !== 202) return digest;
  const upload: UnfinishedUpload = {
    place,
    bytes,
    digest,
    path: begun.headers.location ?? '',
    keptBytes: 0,
    sentBytes: 0,
  };
  driver.unfinished.add(upload);
  for (const end of endsBytes) if (!(await patchUpTo(driver, upload, end))) return digest;
  await finishUpload(driver, upload);
  return digest;
}

async function patchUpTo(driver: Driver, upload: UnfinishedUpload, endBytes: number): Promise<boolean> {
  const body = upload.bytes.subarray(upload.keptBytes, endBytes);
  upload.sentBytes = endBytes;
  const { place, path } = upload;
  const reply = await driver.send({
    place,
    method: 'PATCH',
    path,
    body,
    headers: octets,
    acknowledgedBy: 202,
  });
  if (reply.status !== 202) return false;
  upload.keptBytes = endBytes;
  upload.path = reply.headers.location ?? upload.path;
  return true;
}

/** Sends what the server does not have yet, and ends the upload. */
export async function finishUpload(driver: Driver, upload: UnfinishedUpload): Promise<void> {
  const { place, bytes, digest } = upload;
  const body = bytes.subarray(upload.keptBytes);
  upload.sentBytes = bytes.length;
  const reply = await driver.send({
    place,
    method: 'PUT',
    path: withDigest(upload.path, digest),
    body,
    headers: octets,
    effects: [{ register: registerName('blob', place, digest), value: present }],
    acknowledgedBy: 201,
  });
  if (reply.status === 201) driver.unfinished.delete(upload);
}

export interface ImageParts {
  readonly tag: string;
  readonly layers: readonly Uint8Array[];
}

/** Pushes an image: its layers, its config, its manifest under a tag. */
export async function pushImage(driver: Driver, place: Place, { tag, layers }: ImageParts): Promise<void> {
  const config = JSON.stringify({ architecture: 'amd64', os: 'linux', salt: randomBytes(9).toString('hex') });
  for (const layer of layers) await pushBlob(driver, place, layer);
  await pushBlob(driver, place, Buffer.from(config));
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    config: descriptor('application/vnd.oci.image.config.v1+json', config),
    layers: layers.map((layer) => descriptor('application/vnd.oci.image.layer.v1.tar', layer)),
  });
  await putManifest(driver, place, { tag, manifest: { digest: sha256(text), text } });
}

/** Attaches a small artifact to a manifest, as a signature is attached. */
export async function attach(driver: Driver, place: Place, subject: KnownManifest): Promise<void> {
  const bytes = randomBytes(200);
  await pushBlob(driver, place, bytes);
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    artifactType: 'application/vnd.example.signature',
    config: descriptor('application/vnd.example.signature', bytes),
    layers: [descriptor('application/vnd.example.signature', bytes)],
    subject: descriptor(manifestType, subject.text),
  });
  await putManifest(driver, place, { tag: undefined, manifest: { digest: sha256(text), text } });
}

const descriptor = (mediaType: string, bytes: Uint8Array | string) => ({
  mediaType,
  digest: sha256(bytes),
  size: Buffer.byteLength(bytes),
});

/** Puts a manifest under a tag, or under its digest. */
export async function putManifest(
  driver: Driver,
  place: Place,
  put: { readonly tag: string | undefined; readonly manifest: KnownManifest },
): Promise<void> {
  const { tag, manifest } = put;
  const { digest, text } = manifest;
  const pointed = tag === undefined ? [] : [{ register: registerName('tag', place, tag), value: digest }];
  const reply = await driver.send({
    place,
    method: 'PUT',
    path: `/v2/${place.repository}/manifests/${tag ?? digest}`,
    body: text,
    headers: { 'content-type': manifestType },
    effects: [{ register: registerName('manifest', place, digest), value: present }, ...pointed],
    acknowledgedBy: 201,
  });
  const known = driver.manifestsOf(place);
  if (reply.status === 201 && !known.some((one) => one.digest === digest)) known.push(manifest);
}

export async function deleteTag(driver: Driver, place: Place, tag: string): Promise<void> {
  await driver.send({
    place,
    method: 'DELETE',
    path: `/v2/${place.repository}/manifests/${tag}`,
    effects: [{ register: registerName('tag', place, tag), value: absent }],
    acknowledgedBy: 202,
  });
}

export async function deleteManifest(driver: Driver, place: Place, digest: string): Promise<void> {
  const known = driver.manifestsOf(place);
  const index = known.findIndex((one) => one.digest === digest);
  if (index >= 0) known.splice(index, 1);
  await driver.send({
    place,
    method: 'DELETE',
    path: `/v2/${place.repository}/manifests/${digest}`,
    effects: [{ register: registerName('manifest', place, digest), value: absent }],
    acknowledgedBy: 202,
  });
}

export async function deleteBlob(driver: Driver, place: Place, digest: string): Promise<void> {
  await driver.send({
    place,
    method: 'DELETE',
    path: `/v2/${place.repository}/blobs/${digest}`,
    effects: [{ register: registerName('blob', place, digest), value: absent }],
    acknowledgedBy: 202,
  });
}

/** Mounts a blob from another repository of the registry. What is not there to mount begins an upload instead. */
export async function mountBlob(
  driver: Driver,
  place: Place,
  source: { readonly from: string; readonly digest: string },
): Promise<void> {
  const { from, digest } = source;
  await driver.send({
    place,
    method: 'POST',
    path: `/v2/${place.repository}/blobs/uploads/?mount=${digest}&from=${encodeURIComponent(from)}`,
    effects: [{ register: registerName('blob', place, digest), value: present }],
    acknowledgedBy: 201,
  });
}
