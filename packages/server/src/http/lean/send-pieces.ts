import type { ServerResponse } from 'node:http';
import { limits } from '../../limits.ts';
import type { LentPiece } from '../../registry/blob-content.ts';
import type { Exchange } from '../exchange.ts';
import { endWithinTime } from '../respond.ts';

/** Smaller writes cost the kernel more: 64 KiB at once went half as fast. */
const plainWriteBytesMax = 1024 * 1024;
/** TLS copies all of a write before it is sent. */
const encryptedWriteBytesMax = 256 * 1024;

/**
 * Sends a body piece by piece, as fast as the client takes it and no faster: at most one piece waits in memory. When the
 * client goes away, or takes nothing for `responseIdleMs`, the source is closed and this throws.
 *
 * A piece is given back once it has been written, or else when the response closes: the callback of a write that is
 * under way when the client dies never comes.
 * @param begin writes the status and the headers; called once the first piece is there
 */
export async function sendPieces(
  exchange: Exchange,
  pieces: AsyncIterable<LentPiece>,
  begin: () => void,
): Promise<void> {
  const { response, signal, encrypted } = exchange;
  const writeBytesMax = encrypted ? encryptedWriteBytesMax : plainWriteBytesMax;
  const lent = lentUntilClosed(response);
  let begun = false;
  for await (const piece of pieces) {
    if (signal.aborted) piece.release();
    signal.throwIfAborted();
    if (!begun) begin();
    begun = true;
    lent.add(piece);
    const writes = inWrites(piece.buffers, writeBytesMax);
    for (const [index, write] of writes.entries()) {
      const written = index + 1 < writes.length ? undefined : () => giveBack(lent, piece);
      if (!writeTogether(response, write, written)) await drained(response, signal);
    }
  }
  if (!begun) begin();
  endWithinTime(exchange);
}

/** Pieces that are being sent. Those that are in it when the response closes are given back then. */
function lentUntilClosed(response: ServerResponse): Set<LentPiece> {
  const lent = new Set<LentPiece>();
  response.once('close', () => {
    for (const piece of lent) giveBack(lent, piece);
  });
  return lent;
}

function giveBack(lent: Set<LentPiece>, piece: LentPiece): void {
  if (lent.delete(piece)) piece.release();
}

/** The buffers in groups of at most `bytesMax` each; a larger buffer is cut. */
function inWrites(buffers: readonly Uint8Array[], bytesMax: number): Uint8Array[][] {
  const writes: Uint8Array[][] = [];
  let room = 0;
  for (const buffer of buffers) {
    for (let at = 0; at < buffer.length; at += bytesMax) {
      const part = buffer.length <= bytesMax ? buffer : buffer.subarray(at, at + bytesMax);
      if (part.length > room) {
        writes.push([]);
        room = bytesMax;
      }
      writes.at(-1)?.push(part);
      room -= part.length;
    }
  }
  return writes;
}

/** Node corks the socket until the end of this turn, so that all go in one `writev`. False when it is time to wait. */
function writeTogether(
  response: ServerResponse,
  buffers: readonly Uint8Array[],
  written: (() => void) | undefined,
): boolean {
  let more = true;
  for (const [index, buffer] of buffers.entries()) {
    more = response.write(buffer, index + 1 === buffers.length ? written : undefined);
  }
  return more;
}

function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => response.destroy(), limits.responseIdleMs);
    const settle = (): void => {
      clearTimeout(timer);
      response.off('drain', settle);
      signal.removeEventListener('abort', settle);
      if (signal.aborted) reject(signal.reason as Error);
      else resolve();
    };
    response.once('drain', settle);
    signal.addEventListener('abort', settle);
    if (signal.aborted) settle();
  });
}
