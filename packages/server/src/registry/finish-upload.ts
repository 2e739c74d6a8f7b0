import { type Digest, digestAlgorithm } from '@cerulean/oci/digest.ts';
import { RegistryError } from '../errors.ts';
import type { UploadIdentity } from './commands.ts';
import {
  type ChunkRange,
  discardLast,
  type IncomingBody,
  type ReceivedBody,
  receiveBody,
  recordLast,
} from './receive-body.ts';
import { type Actor, commandOptions, type RegistryPorts } from './registry-ports.ts';
import {
  digestOf,
  findUploadState,
  type HashPlace,
  knownHash,
  type RunningHash,
  readBackHash,
  type UploadState,
} from './upload-state.ts';

type Ports = Pick<
  RegistryPorts,
  'reader' | 'bus' | 'blobWriter' | 'blobReader' | 'liveHashes' | 'newId' | 'now'
>;

export interface FinishRequest {
  readonly upload: UploadIdentity;
  readonly digest: Digest;
  readonly body: IncomingBody;
  readonly range: ChunkRange | undefined;
  readonly signal: AbortSignal;
}

/**
 * Ends an upload with its last bytes, if any, and makes it the blob of this digest in its repository (OCI end-6, and
 * end-4b with an upload that has just begun). The digest is computed over all bytes, whatever algorithm the upload was
 * started with. When it differs, the last segment that this request brought is forgotten and the upload stays; of a body of
 * more than `segmentBytesMax` the full segments were recorded on the way, as its status shows.
 * @throws upload_unknown, upload_offset, size_mismatch, blob_too_large, digest_mismatch, BodyInterrupted
 */
export async function finishUpload(ports: Ports, actor: Actor, request: FinishRequest): Promise<void> {
  const { upload, digest, signal } = request;
  const state = await findUploadState(ports, upload);
  const place = { ...upload, offsetBytes: state.offsetBytes, algorithm: digestAlgorithm(digest) };
  let hash = knownHash(ports, place);
  if (hash === undefined && request.body.lengthBytes !== 0) hash = await readBackHash(ports, place, signal);
  const received = await receiveBody(ports, { ...request, actor, state, hash });
  if (received.interrupted !== undefined) {
    await keepWhatCame(ports, { actor, upload, received, hash });
    throw received.interrupted;
  }
  try {
    const computed =
      hash !== undefined ? digestOf(hash) : await storedDigest(ports, { state, place, signal });
    if (computed !== digest) throw digestMismatch(digest, computed);
    const input = {
      ...upload,
      expectedOffsetBytes: received.recordedBytes,
      segments: received.last === undefined ? [] : [received.last],
      sizeBytes: received.offsetBytes,
      digest,
    };
    await ports.bus.execute('finishUpload', input, commandOptions(ports, actor));
  } catch (error) {
    if (error instanceof RegistryError) await discardLast(ports, state, received);
    throw error;
  }
  ports.liveHashes.drop(upload.blob);
}

/** The digest of what an upload has, when this request brought nothing: the row has it, or it is read back. */
async function storedDigest(
  ports: Pick<RegistryPorts, 'reader' | 'blobReader'>,
  stored: { readonly state: UploadState; readonly place: HashPlace; readonly signal: AbortSignal },
): Promise<string> {
  const { state, place, signal } = stored;
  if (state.prefixDigest?.startsWith(`${place.algorithm}:`)) return state.prefixDigest;
  return digestOf(await readBackHash(ports, place, signal));
}

/** The client can ask where the upload stands and go on from there. */
async function keepWhatCame(
  ports: Pick<RegistryPorts, 'bus' | 'blobWriter' | 'liveHashes' | 'newId' | 'now'>,
  came: {
    readonly actor: Actor;
    readonly upload: UploadIdentity;
    readonly received: ReceivedBody;
    readonly hash: RunningHash | undefined;
  },
): Promise<void> {
  const { upload, received, hash } = came;
  await recordLast(ports, came);
  if (hash === undefined || received.last === undefined) return;
  ports.liveHashes.put(upload.blob, { offsetBytes: received.offsetBytes, ...hash });
}

const digestMismatch = (digest: Digest, computed: string): RegistryError =>
  new RegistryError('digest_mismatch', 'provided digest did not match uploaded content', {
    digest,
    computed,
  });
