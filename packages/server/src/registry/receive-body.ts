import { createHash } from 'node:crypto';
import { RegistryError } from '../errors.ts';
import { limits } from '../limits.ts';
import { BodyInterrupted } from './body-interrupted.ts';
import type { SegmentFacts, UploadIdentity } from './commands.ts';
import { inspectedPieces } from './inspected-pieces.ts';
import { type Actor, commandOptions, type RegistryPorts } from './registry-ports.ts';
import { digestOf, type RunningHash, type UploadState } from './upload-state.ts';

/** The bytes that a request brings for an upload. */
export interface IncomingBody {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Content-Length; undefined when the length is not told beforehand. */
  readonly lengthBytes: number | undefined;
}

/** The range that a chunk says it has (Content-Range), inclusive. */
export interface ChunkRange {
  readonly start: number;
  readonly end: number;
}

export interface ReceiveBody {
  readonly actor: Actor;
  readonly upload: UploadIdentity;
  readonly state: UploadState;
  readonly body: IncomingBody;
  readonly range: ChunkRange | undefined;
  /** Stands at the state's offset, and is moved on; undefined when nobody can know it without reading back. */
  readonly hash: RunningHash | undefined;
}

/** What came. All of it is durable, and all but the last segment is recorded. */
export interface ReceivedBody {
  /** Where the last recorded segment ends. */
  readonly recordedBytes: number;
  /** Not recorded by any command yet; undefined when nothing came. */
  readonly last: SegmentFacts | undefined;
  /** Where the last segment ends. */
  readonly offsetBytes: number;
  /** Digest up to there, when it is known. */
  readonly prefixDigest: string | null;
  /** The body ended before its end. */
  readonly interrupted: BodyInterrupted | undefined;
}

type Ports = Pick<RegistryPorts, 'bus' | 'blobWriter' | 'newId' | 'now'>;

/**
 * Takes a body in behind what an upload has. Each full segment is recorded as soon as the next one is there, so that a
 * crash loses little of a long body; the last is left to the caller, who knows what to do with it.
 * @throws upload_offset, size_mismatch, blob_too_large, storage_full, StorageFailure; the last segment is gone then.
 */
export async function receiveBody(ports: Ports, request: ReceiveBody): Promise<ReceivedBody> {
  refuseWhatTheHeadersTell(request);
  const { actor, upload, state, hash } = request;
  let received: ReceivedBody = {
    recordedBytes: state.offsetBytes,
    last: undefined,
    offsetBytes: state.offsetBytes,
    prefixDigest: state.prefixDigest,
    interrupted: undefined,
  };
  const onSegment = async (last: SegmentFacts): Promise<void> => {
    if (received.last !== undefined) await recordLast(ports, { actor, upload, received });
    const prefixDigest = hash === undefined ? null : digestOf(hash);
    const offsetBytes = last.startBytes + last.lengthBytes;
    received = { ...received, recordedBytes: received.offsetBytes, last, offsetBytes, prefixDigest };
  };
  try {
    await ports.blobWriter.write({
      registry: actor.registry,
      blob: upload.blob,
      startBytes: state.offsetBytes,
      bytesMax: limits.layerBytesMax - state.offsetBytes,
      source: checkedAgainstRange(request),
      // A hash that nobody asks is cheaper than a second way through the writer.
      hash: hash?.hash ?? createHash('sha256'),
      onSegment,
    });
  } catch (error) {
    if (error instanceof BodyInterrupted) return { ...received, interrupted: error };
    if (error instanceof RegistryError) await discardLast(ports, state, received);
    throw error;
  }
  return received;
}

/**
 * Records the last segment too (appendUpload). When another request was faster, its bytes are given back.
 * @throws upload_offset, upload_limit, upload_unknown
 */
export async function recordLast(
  ports: Ports,
  request: Pick<ReceiveBody, 'actor' | 'upload'> & { readonly received: ReceivedBody },
): Promise<void> {
  const { upload, actor, received } = request;
  if (received.last === undefined) return;
  const input = {
    ...upload,
    expectedOffsetBytes: received.recordedBytes,
    segments: [received.last],
    offsetBytes: received.offsetBytes,
    prefixDigest: received.prefixDigest,
  };
  await ports.bus.execute('appendUpload', input, commandOptions(ports, actor));
}

/**
 * Gives back what a request stored in vain. Only after a refusal: after a failure nobody knows whether it is recorded.
 * A segment shares its object with the earlier ones of its request, so it stays where one of those was recorded.
 */
export async function discardLast(
  ports: Pick<RegistryPorts, 'blobWriter'>,
  state: UploadState,
  received: ReceivedBody,
): Promise<void> {
  if (received.last === undefined || received.recordedBytes !== state.offsetBytes) return;
  await ports.blobWriter.discard(received.last);
}

function refuseWhatTheHeadersTell({ state, body, range }: ReceiveBody): void {
  if (range !== undefined && range.start !== state.offsetBytes) {
    const { offsetBytes } = state;
    throw new RegistryError(
      'upload_offset',
      `The upload stands at byte ${offsetBytes}: continue from there.`,
      { offsetBytes },
    );
  }
  const saidBytes = range === undefined ? undefined : range.end - range.start + 1;
  if (saidBytes !== undefined && body.lengthBytes !== undefined && saidBytes !== body.lengthBytes) {
    throw wrongSize(saidBytes, body.lengthBytes);
  }
  if (state.offsetBytes + (saidBytes ?? body.lengthBytes ?? 0) > limits.layerBytesMax) {
    const maxBytes = limits.layerBytesMax;
    throw new RegistryError('blob_too_large', `A blob may have at most ${maxBytes} bytes.`, { maxBytes });
  }
}

/** The body's bytes; more or fewer than its Content-Range says are refused before they can be recorded. */
function checkedAgainstRange({ body, range }: ReceiveBody): AsyncIterable<Uint8Array> {
  if (range === undefined) return body.chunks;
  const saidBytes = range.end - range.start + 1;
  let cameBytes = 0;
  return inspectedPieces(body.chunks, {
    piece(piece) {
      cameBytes += piece.length;
      if (cameBytes > saidBytes) throw wrongSize(saidBytes, cameBytes);
    },
    end() {
      if (cameBytes < saidBytes) throw wrongSize(saidBytes, cameBytes);
    },
  });
}

const wrongSize = (saidBytes: number, cameBytes: number): RegistryError =>
  new RegistryError('size_mismatch', 'The Content-Range and the number of bytes that came do not agree.', {
    saidBytes,
    cameBytes,
  });
