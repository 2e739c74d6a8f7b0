import type { HeaderValues } from '../common-headers.ts';
import type { Exchange } from '../exchange.ts';

/**
 * Where an upload goes on, and how much of it there is (OCI end-4a, end-5, end-13). The location is relative, so that
 * no proxy can get it wrong; Azure's JavaScript SDK takes its first character off and puts the endpoint in front.
 * `_state` says nothing that the path does not: some clients append `&digest=` to whatever they are given.
 */
export function uploadLocation(name: string, token: string, offsetBytes: number): HeaderValues {
  return {
    Location: `/v2/${name}/blobs/uploads/${token}?_state=${offsetBytes}`,
    // Of no bytes it is said in the same words as of one; clients know (distribution has it so).
    Range: `0-${Math.max(0, offsetBytes - 1)}`,
  };
}

/** The same for the upload that a request names. */
export function uploadHeaders(exchange: Exchange, offsetBytes: number): HeaderValues {
  const { target } = exchange.url;
  return target.kind === 'upload' ? uploadLocation(target.name, target.token, offsetBytes) : {};
}

/** A blob's id in the form that clients expect of an upload: 8-4-4-4-12 hex digits. */
export function uploadUuid(blob: string): string {
  return blob.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
