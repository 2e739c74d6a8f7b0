import type { ServerResponse } from 'node:http';
import { limits } from '../../limits.ts';
import type { Exchange } from '../exchange.ts';
import { endWithinTime } from '../respond.ts';

/**
 * Sends a body piece by piece, as fast as the client takes it and no faster: at most one piece waits in memory. When the
 * client goes away, or takes nothing for `responseIdleMs`, the source is closed and this throws.
 */
export async function sendPieces(
  { response, signal }: Exchange,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  for await (const piece of pieces) {
    signal.throwIfAborted();
    if (!response.write(piece)) await drained(response, signal);
  }
  endWithinTime(response);
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
