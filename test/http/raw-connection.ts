import { connect, type Socket } from 'node:net';
import type { StartedRegistry } from './start-registry.ts';

/** A socket whose every byte the test decides; what comes back is collected. */
export interface RawConnection extends Disposable {
  readonly socket: Socket;
  write(text: string | Uint8Array): void;
  /** All that has come so far. */
  readonly received: string;
  /** Resolves when this text has come, rejects when the connection ends before. */
  until(text: string): Promise<string>;
  /** Resolves when the server has closed. */
  readonly closed: Promise<void>;
}

export async function connectRaw(registry: StartedRegistry): Promise<RawConnection> {
  const socket = connect({ host: '127.0.0.1', port: registry.port });
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  let received = '';
  const waiting = new Set<() => void>();
  socket.on('data', (bytes: Buffer) => {
    received += bytes.toString('latin1');
    for (const look of waiting) look();
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return {
    socket,
    closed,
    write: (text) => void socket.write(text),
    get received() {
      return received;
    },
    until(text) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          if (!received.includes(text)) return;
          waiting.delete(look);
          resolve(received);
        };
        waiting.add(look);
        void closed.then(() => reject(new Error(`closed before ${JSON.stringify(text)} came: ${received}`)));
        look();
      });
    },
    [Symbol.dispose]: () => socket.destroy(),
  };
}
