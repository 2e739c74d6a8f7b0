import { RegistryError } from '../errors.ts';
import type { UploadIdentity } from './commands.ts';
import { type ChunkRange, discardLast, type IncomingBody, receiveBody, recordLast } from './receive-body.ts';
import type { Actor, RegistryPorts } from './registry-ports.ts';
import { findUploadState, knownHash } from './upload-state.ts';

type Ports = Pick<RegistryPorts, 'reader' | 'bus' | 'blobWriter' | 'liveHashes' | 'newId' | 'now'>;

/**
 * Adds a request's bytes to an upload (OCI end-5) and returns where it stands then, once they are durable and recorded.
 * Of two requests that continue from one offset one is refused. A body that is cut short is recorded as far as it
 * came, and the interruption is thrown.
 * @throws upload_unknown, upload_offset, upload_limit, size_mismatch, blob_too_large, BodyInterrupted
 */
export async function appendUpload(
  ports: Ports,
  actor: Actor,
  request: {
    readonly upload: UploadIdentity;
    readonly body: IncomingBody;
    readonly range: ChunkRange | undefined;
  },
): Promise<{ readonly offsetBytes: number }> {
  const { upload } = request;
  const state = await findUploadState(ports, upload);
  const hash = knownHash(ports, { ...upload, offsetBytes: state.offsetBytes });
  const received = await receiveBody(ports, { ...request, actor, state, hash });
  try {
    await recordLast(ports, { actor, upload, received });
  } catch (error) {
    if (error instanceof RegistryError) await discardLast(ports, state, received);
    throw error;
  }
  const { offsetBytes } = received;
  if (hash !== undefined && received.last !== undefined)
    ports.liveHashes.put(upload.blob, { offsetBytes, ...hash });
  if (received.interrupted !== undefined) throw received.interrupted;
  return { offsetBytes };
}
