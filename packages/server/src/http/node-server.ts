import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { limits } from '../limits.ts';
import { answerMalformed } from './malformed-request.ts';

/** PEM texts. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** How long headers may take, and how often that is looked at. */
export interface HeaderTimes {
  readonly headersTimeoutMs: number;
  readonly checkIntervalMs: number;
}

const headerTimes: HeaderTimes = { headersTimeoutMs: limits.headersTimeoutMs, checkIntervalMs: 5000 };

/** Node's own server with this server's limits. It takes connections by its event `connection`, or listens. */
export function createNodeServer(tls: TlsFiles | undefined, times: HeaderTimes = headerTimes): Server {
  const http = {
    // A long upload may take hours; what is too slow is told by the time in which nothing comes.
    requestTimeout: 0,
    headersTimeout: times.headersTimeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
    // The parser counts the URL among the headers.
    maxHeaderSize: limits.headerBytesMax + limits.urlBytesMax,
    // `dispatch` looks at it, and says what is wrong.
    requireHostHeader: false,
    connectionsCheckingInterval: times.checkIntervalMs,
  };
  const server =
    tls === undefined ? createServer(http) : createTlsServer({ ...http, ...tls, minVersion: 'TLSv1.2' });
  server.on('clientError', answerMalformed);
  limitConnections(server, tls === undefined ? 'connection' : 'secureConnection');
  // The watch over slow headers and idle connections starts with this event, but connections are handed to this server.
  server.emit('listening');
  return server;
}

/** Node counts what it accepts itself; these connections were accepted elsewhere. */
function limitConnections(server: Server, event: 'connection' | 'secureConnection'): void {
  let open = 0;
  server.prependListener(event, (socket: Duplex) => {
    open += 1;
    socket.once('close', () => {
      open -= 1;
    });
    if (open > limits.connectionsMax) socket.destroy();
  });
}
