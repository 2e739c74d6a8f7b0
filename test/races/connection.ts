import { Agent } from 'node:http';
import type { Call, Reply } from '../process/http-call.ts';
import { openCall } from '../process/http-call.ts';
import type { RegistryClient } from '../process/registry-client.ts';

/**
 * One kept connection, as a client of its own has it. Connections go to the serving threads in turn, so of two that
 * are opened one after the other each lands on another thread.
 */
export interface Connection extends Disposable {
  call(path: string, request?: Omit<Call, 'url' | 'agent'>): Promise<Reply>;
  /** Sends a request and goes away after so many milliseconds, without looking whether an answer came. */
  abandon(path: string, request: Omit<Call, 'url' | 'agent'>, afterMs: number): Promise<void>;
}

/** Opens a connection; it resolves when a thread has answered on it. */
export async function openConnection(client: RegistryClient): Promise<Connection> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const connection: Connection = {
    call: (path, request = {}) => client.call(path, { ...request, agent }),
    abandon(path, { body, ...request }, afterMs) {
      const about = client.about(path);
      const headers = {
        ...about.headers,
        ...request.headers,
        'content-length': String(Buffer.byteLength(body ?? '')),
      };
      return new Promise((resolve) => {
        const sent = openCall({ ...about, ...request, headers, agent });
        sent.on('error', () => undefined);
        sent.on('response', (response) => response.resume());
        sent.on('close', () => resolve());
        sent.end(body);
        setTimeout(() => sent.destroy(), afterMs);
      });
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
  await connection.call('/v2/');
  return connection;
}
