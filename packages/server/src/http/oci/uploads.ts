import { type Digest, digestAlgorithm } from '@cerulean/oci/digest.ts';
import { parseContentRange } from '@cerulean/oci/range.ts';
import { parseRepositoryName } from '@cerulean/oci/repository-name.ts';
import { RegistryError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { appendUpload } from '../../registry/append-upload.ts';
import { cancelUpload } from '../../registry/cancel-upload.ts';
import type { UploadIdentity } from '../../registry/commands.ts';
import { finishUpload } from '../../registry/finish-upload.ts';
import { mountBlob, needsWiderToken } from '../../registry/mount-blob.ts';
import type { ChunkRange } from '../../registry/receive-body.ts';
import { startUpload } from '../../registry/start-upload.ts';
import { findUploadState } from '../../registry/upload-state.ts';
import { readUploadToken } from '../../registry/upload-token.ts';
import { targetOf } from '../exchange.ts';
import { requestBody } from '../request-body.ts';
import type { Answer } from '../respond.ts';
import { digestOrRefuse, type Handling, type OciHandler } from './handling.ts';
import { uploadHeaders, uploadLocation, uploadUuid } from './upload-headers.ts';
import { widerTokenNeeded } from './wider-token.ts';

/** `POST /v2/<name>/blobs/uploads/` (OCI end-4a to end-4c, end-11). */
export const postUpload: OciHandler = async (handling) => {
  const { exchange, actor, ports } = handling;
  const { name } = targetOf(exchange, 'uploads');
  const { query } = exchange.url;
  const mount = digestParameter(query, 'mount');
  if (
    mount !== undefined &&
    (await mounted(handling, { name, digest: mount, from: query.get('from') || undefined }))
  ) {
    return blobCreated(name, mount);
  }
  const digest = digestParameter(query, 'digest');
  const named = digest ?? mount;
  const algorithm =
    query.get('digest-algorithm') ?? (named === undefined ? 'sha256' : digestAlgorithm(named));
  const { upload, token } = await startUpload(ports, actor, { repositoryName: name, algorithm });
  if (digest !== undefined) {
    const body = requestBody(exchange);
    await finishUpload(ports, actor, { upload, digest, body, range: undefined, signal: exchange.signal });
    return blobCreated(name, digest);
  }
  return {
    status: 202,
    headers: {
      ...uploadLocation(name, token, 0),
      'Docker-Upload-UUID': uploadUuid(upload.blob),
      'OCI-Chunk-Min-Length': limits.chunkBytesMin,
    },
  };
};

/** `PATCH <upload>` (OCI end-5). */
export const patchUpload: OciHandler = async (handling) => {
  const { exchange, actor, ports } = handling;
  const upload = await uploadOf(handling);
  const request = { upload, body: requestBody(exchange), range: chunkRange(handling) };
  const { offsetBytes } = await appendUpload(ports, actor, request);
  return {
    status: 202,
    headers: { ...uploadHeaders(exchange, offsetBytes), 'Docker-Upload-UUID': uploadUuid(upload.blob) },
  };
};

/** `PUT <upload>?digest=` (OCI end-6). */
export const putUpload: OciHandler = async (handling) => {
  const { exchange, actor, ports } = handling;
  const { name } = targetOf(exchange, 'upload');
  const upload = await uploadOf(handling);
  const digest = digestParameter(exchange.url.query, 'digest');
  if (digest === undefined)
    throw new RegistryError('digest_invalid', 'The digest parameter is missing: it names the whole blob.');
  const range = chunkRange(handling);
  await finishUpload(ports, actor, {
    upload,
    digest,
    body: requestBody(exchange),
    range,
    signal: exchange.signal,
  });
  return blobCreated(name, digest);
};

/** `GET <upload>` (OCI end-13). */
export const getUpload: OciHandler = async (handling) => {
  const { exchange, ports } = handling;
  const upload = await uploadOf(handling);
  const { offsetBytes } = await findUploadState(ports, upload);
  return {
    status: 204,
    headers: { ...uploadHeaders(exchange, offsetBytes), 'Docker-Upload-UUID': uploadUuid(upload.blob) },
  };
};

/** `DELETE <upload>` (OCI end-14). */
export const deleteUpload: OciHandler = async (handling) => {
  const upload = await uploadOf(handling);
  await cancelUpload(handling.ports, handling.actor, upload);
  return { status: 204, headers: { 'Docker-Upload-UUID': uploadUuid(upload.blob) } };
};

/** The upload that the path names, if it is this caller's in this repository. @throws upload_unknown */
function uploadOf({ exchange, actor, ports }: Handling): Promise<UploadIdentity> {
  const { name, token } = targetOf(exchange, 'upload');
  const owner = { registry: actor.registry.id, repositoryName: name, principal: actor.principalId };
  return readUploadToken(token, owner, { mac: ports.uploadMac, now: ports.now() });
}

/** False when there is nothing that may be mounted: the client uploads the blob then. */
async function mounted(
  handling: Handling,
  mount: { readonly name: string; readonly digest: Digest; readonly from: string | undefined },
): Promise<boolean> {
  const { actor, admission, ports } = handling;
  const { caller } = admission;
  const { name, digest, from } = mount;
  if (from !== undefined) {
    // No repository has such a name, so there is nothing to be had from it.
    if (parseRepositoryName(from) === undefined) return false;
    if (needsWiderToken(actor, caller, from)) throw widerTokenNeeded(admission, { name, from });
  }
  return mountBlob(ports, actor, { repositoryName: name, digest, from, caller });
}

function digestParameter(query: URLSearchParams, name: string): Digest | undefined {
  const text = query.get(name);
  return text === null ? undefined : digestOrRefuse(text);
}

/** @throws range_invalid when there is a Content-Range that is none */
function chunkRange({ exchange }: Handling): ChunkRange | undefined {
  const header = exchange.request.headers['content-range'];
  if (header === undefined) return undefined;
  const range = parseContentRange(header);
  if (range !== undefined) return range;
  const message = 'The Content-Range of a chunk is <first>-<last>, both counted from 0 and both included.';
  throw new RegistryError('range_invalid', message, { range: header.slice(0, 64) });
}

function blobCreated(name: string, digest: Digest): Answer {
  return {
    status: 201,
    headers: { Location: `/v2/${name}/blobs/${digest}`, 'Docker-Content-Digest': digest },
  };
}
