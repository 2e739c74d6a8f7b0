import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from 'vitest';
import type { LentPiece } from '../../registry/blob-content.ts';
import { type Exchange, openExchange } from '../exchange.ts';
import { sendPieces } from './send-pieces.ts';

/** Serves an endless body; tells how many pieces were asked for, and when the source was closed. */
async function endless() {
  const seen = { pieces: 0, givenBack: 0, closed: false, failed: false };
  async function* pieces(): AsyncGenerator<LentPiece> {
    try {
      for (;;) {
        seen.pieces += 1;
        const release = (): void => {
          seen.givenBack += 1;
        };
        yield { buffers: [new Uint8Array(65_536)], release };
      }
    } finally {
      seen.closed = true;
    }
  }
  const server = createServer((request, response) => {
    const exchange: Exchange = openExchange({
      request,
      response,
      awaitsContinue: false,
      newId: () => 'id',
      nowMs: () => 0,
    });
    sendPieces(exchange, pieces(), () => void response.writeHead(200)).catch(() => {
      seen.failed = true;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { seen, port, [Symbol.asyncDispose]: async () => void server.close() };
}

test('a client that does not read is not read for; when it goes, all is given back', async () => {
  await using server = await endless();
  const socket = connect(server.port, '127.0.0.1');
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await expect.poll(() => server.seen.pieces).toBeGreaterThan(0);
  let before = -1;
  await expect
    .poll(
      () => {
        const stands = before === server.seen.pieces;
        before = server.seen.pieces;
        return stands;
      },
      { interval: 200 },
    )
    .toBe(true);
  expect(server.seen.pieces * 65_536).toBeLessThan(100_000_000);
  expect(server.seen.closed).toBe(false);
  socket.destroy();
  await expect.poll(() => server.seen).toMatchObject({ closed: true, failed: true });
  await expect.poll(() => server.seen.givenBack).toBe(server.seen.pieces);
});
