import { formatContentRange, parseRange } from '@cerulean/oci/range.ts';
import { limits } from '../../limits.ts';
import type { BlobRange } from '../../registry/blob-bytes.ts';
import type { LentPiece } from '../../registry/blob-content.ts';
import type { BlobRow } from '../../registry/metadata-reader.ts';
import { findBlob } from '../../registry/pull-blob.ts';
import { commonHeaders, type HeaderValues } from '../common-headers.ts';
import { type Exchange, targetOf } from '../exchange.ts';
import { HttpRefusal } from '../http-refusal.ts';
import { digestOrRefuse, type Handling } from '../oci/handling.ts';
import { namespaceHeader } from '../oci/namespace.ts';
import { entityTag, matchesEntityTag } from '../oci/precondition.ts';
import { respond } from '../respond.ts';
import { multipartBody } from './multipart.ts';
import { sendPieces } from './send-pieces.ts';

/** GET and HEAD of a blob (OCI end-2), whole or in ranges (RFC 9110 section 14). */
export async function serveBlob(handling: Handling): Promise<void> {
  const { exchange, admission, ports } = handling;
  const { request } = exchange;
  const target = targetOf(exchange, 'blob');
  const digest = digestOrRefuse(target.digest);
  const blob = await findBlob(ports, admission.registry, { repositoryName: target.name, digest });
  const headers: HeaderValues = {
    'Docker-Content-Digest': digest,
    ETag: entityTag(digest),
    // It can never change; `private`, since whether the next one may read it is for us to say.
    'Cache-Control': 'private, max-age=31536000, immutable',
    'Accept-Ranges': 'bytes',
    ...namespaceHeader(exchange),
  };
  if (matchesEntityTag(request.headers['if-none-match'], digest))
    return respond(exchange, { status: 304, headers });
  headers['Content-Type'] = 'application/octet-stream';
  if (request.method === 'HEAD') {
    return respond(exchange, { status: 200, headers: { ...headers, 'Content-Length': blob.sizeBytes } });
  }
  await sendRanges(handling, { blob, headers, ranges: rangesOf(exchange, blob) });
}

/** Undefined for the whole blob. @throws range_invalid (416) */
function rangesOf({ request }: Exchange, blob: BlobRow): readonly BlobRange[] | undefined {
  const { range, 'if-range': ifRange } = request.headers;
  // A date never matches: there is none. Weak tags don't either (RFC 9110 section 13.1.5).
  if (ifRange !== undefined && String(ifRange).trim() !== entityTag(blob.digest)) return undefined;
  const ranges = parseRange(range, blob.sizeBytes, { rangesMax: limits.rangesMax });
  if (ranges === 'ignore') return undefined;
  if (ranges !== 'unsatisfiable') return ranges;
  const headers = { 'Content-Range': formatContentRange(undefined, blob.sizeBytes) };
  throw new HttpRefusal('range_invalid', `The range lies outside of the blob's ${blob.sizeBytes} bytes.`, {
    headers,
  });
}

interface Sending {
  readonly blob: BlobRow;
  readonly headers: HeaderValues;
  readonly ranges: readonly BlobRange[] | undefined;
}

async function sendRanges(
  { exchange, admission, ports }: Handling,
  { blob, headers, ranges }: Sending,
): Promise<void> {
  const open = (range: BlobRange | undefined): AsyncIterable<LentPiece> =>
    ports.contentReader.open({
      registry: admission.registry.id,
      blob: blob.id,
      sizeBytes: blob.sizeBytes,
      segments: () => ports.reader.segments(blob.id),
      range,
      signal: exchange.signal,
    });
  const [only, second] = ranges ?? [];
  if (only === undefined) {
    const begin = beginning(exchange, 200, { ...headers, 'Content-Length': blob.sizeBytes });
    return sendPieces(exchange, open(undefined), begin);
  }
  if (second === undefined) {
    const contentRange = formatContentRange(only, blob.sizeBytes);
    const begin = beginning(exchange, 206, {
      ...headers,
      'Content-Range': contentRange,
      'Content-Length': only.end - only.start + 1,
    });
    return sendPieces(exchange, open(only), begin);
  }
  const parts = multipartBody({
    ranges: ranges ?? [],
    sizeBytes: blob.sizeBytes,
    boundary: ports.newId(),
    open,
  });
  const begin = beginning(exchange, 206, {
    ...headers,
    'Content-Type': parts.contentType,
    'Content-Length': parts.lengthBytes,
  });
  return sendPieces(exchange, parts.pieces(), begin);
}

/** Writes the headers once there is something to send: before that a failure of the storage has a status of its own. */
const beginning = (exchange: Exchange, status: number, headers: HeaderValues) => (): void => {
  const all = { ...commonHeaders(exchange), ...headers };
  exchange.response.writeHead(status, all as Record<string, string | number | string[]>);
};
