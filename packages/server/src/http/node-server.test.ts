import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { createNodeServer } from './node-server.ts';

/** A server that never listens: another one accepts and hands its connections over. */
async function handedOver() {
  const server = createNodeServer(undefined, { headersTimeoutMs: 300, checkIntervalMs: 50 });
  server.on('request', (request, response) => response.end(request.url));
  const acceptor = createServer((socket) => server.emit('connection', socket));
  acceptor.listen(0, '127.0.0.1');
  await once(acceptor, 'listening');
  const { port } = acceptor.address() as AddressInfo;
  return {
    server,
    port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      acceptor.close();
    },
  };
}

async function answerTo(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (bytes: Buffer) => {
    received += bytes.toString();
  });
  socket.write(text);
  await once(socket, 'close');
  return received;
}

test('connections that were accepted elsewhere are served', async () => {
  await using handed = await handedOver();
  const answer = await answerTo(handed.port, 'GET /here HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*\/here$/);
});

test('headers that never end hold a connection only so long, also one that was handed over', async () => {
  await using handed = await handedOver();
  const answer = await answerTo(handed.port, 'GET / HTTP/1.1\r\nHost: x\r\n');
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  expect(answer).toContain(
    '{"errors":[{"code":"UNSUPPORTED","message":"The headers of the request did not come',
  );
});
