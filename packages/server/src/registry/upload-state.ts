import { createHash, type Hash } from 'node:crypto';
import type { UploadIdentity } from './commands.ts';
import type { RegistryPorts } from './registry-ports.ts';
import { uploadUnknown } from './upload-token.ts';

/** How far an upload has come. An upload that has no row yet stands at 0. */
export interface UploadState {
  readonly offsetBytes: number;
  /** Digest of all bytes up to the offset, in whichever algorithm it names, when it is known. */
  readonly prefixDigest: string | null;
}

/** A hash over the first bytes of an upload, with its algorithm. */
export interface RunningHash {
  readonly algorithm: string;
  readonly hash: Hash;
}

/** The place in an upload that a hash stands at, or shall stand at. */
export interface HashPlace {
  readonly registry: string;
  readonly blob: string;
  readonly offsetBytes: number;
  readonly algorithm: string;
}

/** The digest of what went into the hash so far; the hash can go on. */
export const digestOf = ({ algorithm, hash }: RunningHash): string =>
  `${algorithm}:${hash.copy().digest('hex')}`;

/** @throws RegistryError `upload_unknown` when it is finished, cancelled, expired or somebody else's. */
export async function findUploadState(
  ports: Pick<RegistryPorts, 'reader' | 'now'>,
  upload: UploadIdentity,
): Promise<UploadState> {
  const row = await ports.reader.findUpload(upload.blob);
  if (row === undefined) return { offsetBytes: 0, prefixDigest: null };
  const own =
    row.registry === upload.registry &&
    row.repositoryName === upload.repositoryName &&
    row.principal === upload.principal;
  if (!own || row.state !== 'open' || row.expiresAt <= ports.now()) throw uploadUnknown();
  return { offsetBytes: row.offsetBytes, prefixDigest: row.prefixDigest };
}

/** The hash over the first bytes of an upload, when it is to be had without reading them. */
export function knownHash(
  ports: Pick<RegistryPorts, 'liveHashes'>,
  place: HashPlace,
): RunningHash | undefined {
  const { blob, offsetBytes, algorithm } = place;
  const hash =
    offsetBytes === 0 ? createHash(algorithm) : ports.liveHashes.copyAt(blob, offsetBytes, algorithm);
  return hash === undefined ? undefined : { algorithm, hash };
}

/** The hash over the first bytes of an upload, made by reading them back: another thread or process took them in. */
export async function readBackHash(
  ports: Pick<RegistryPorts, 'reader' | 'blobReader'>,
  place: HashPlace,
  signal: AbortSignal,
): Promise<RunningHash> {
  const { registry, blob, offsetBytes, algorithm } = place;
  const hash = createHash(algorithm);
  const segments = await ports.reader.segments(blob);
  const range = { start: 0, end: offsetBytes - 1 };
  for await (const piece of ports.blobReader.open({ registry, blob, segments, range, signal }))
    hash.update(piece);
  return { algorithm, hash };
}
