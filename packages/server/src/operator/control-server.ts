import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { answerRequest, type OperatorLog, refusal } from './answer-request.ts';
import { claimControlAddress } from './control-address.ts';
import type { OperatorHandlers } from './operator-handlers.ts';
import type { OperatorAnswer } from './protocol.ts';

/** Bounds of the control socket, which only the owner of the data folder can reach. */
export const controlLimits = {
  /** The longest request is a scope map of 500 actions. */
  requestBytesMax: 512 * 1024,
  /** A request is one line that the command sends at once. */
  requestMs: 5000,
  /** The slowest operation deletes a registry. */
  answerMs: 60_000,
  connectionsMax: 16,
} as const;

type Limits = { readonly [Name in keyof typeof controlLimits]: number };

interface ControlOptions {
  readonly dataFolder: string;
  readonly handlers: OperatorHandlers;
  readonly log: OperatorLog;
  readonly limits?: Partial<Limits>;
}

/** The running control server; disposing it closes every connection and removes the socket. */
export interface ControlServer extends AsyncDisposable {
  /** The path of the socket, or the name of the pipe. */
  readonly path: string;
}

/**
 * Listens for the operator's command on a socket of mode 0600 in the data folder. The caller holds the folder's
 * guard: what a dead server left there is removed. Must run in the main thread, since it sets the umask.
 */
export async function startControlServer(options: ControlOptions): Promise<ControlServer> {
  const limits = { ...controlLimits, ...options.limits };
  const address = await claimControlAddress(options.dataFolder);
  const connections = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    // A command that was interrupted takes its connection away; nobody is left to tell.
    socket.on('error', () => socket.destroy());
    void serveConnection(socket, { ...options, limits });
  });
  server.maxConnections = limits.connectionsMax;
  await listenForOwnerOnly(server, address.path);
  return {
    path: address.path,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of connections) socket.destroy();
      await once(server, 'close');
      await address.release();
    },
  };
}

/** The umask holds while `listen` binds, which it does before it returns: the socket never has another mode. */
async function listenForOwnerOnly(server: Server, path: string): Promise<void> {
  const umaskBefore = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(umaskBefore);
  }
  await once(server, 'listening');
}

async function serveConnection(socket: Socket, options: ControlOptions & { limits: Limits }): Promise<void> {
  const line = await readLine(socket, options.limits);
  if (line === undefined) return;
  const answer = await answerInTime(line, options);
  socket.end(`${JSON.stringify(answer)}\n`);
}

/** The first line, or undefined once the connection has been answered or has gone. */
async function readLine(socket: Socket, limits: Limits): Promise<string | undefined> {
  const late = setTimeout(
    () => finish(socket, refusal('timed_out', 'No whole request came in time.')),
    limits.requestMs,
  );
  try {
    let received = Buffer.alloc(0);
    for await (const part of socket.iterator({ destroyOnReturn: false })) {
      received = Buffer.concat([received, part as Buffer]);
      const end = received.indexOf('\n');
      if (end !== -1) return received.toString('utf8', 0, end);
      if (received.length > limits.requestBytesMax) {
        finish(socket, refusal('request_invalid', `A request has at most ${limits.requestBytesMax} bytes.`));
        return undefined;
      }
    }
    finish(socket, refusal('request_invalid', 'The request ended before its line did.'));
  } catch {
    // The connection broke, or was ended for being late: both have been dealt with.
  } finally {
    clearTimeout(late);
  }
  return undefined;
}

async function answerInTime(
  line: string,
  options: ControlOptions & { limits: Limits },
): Promise<OperatorAnswer> {
  const signal = AbortSignal.timeout(options.limits.answerMs);
  const late = new Promise<OperatorAnswer>((resolve) => {
    signal.addEventListener('abort', () =>
      resolve(refusal('timed_out', 'It takes longer than the command waits; the server goes on with it.')),
    );
  });
  return Promise.race([answerRequest(line, { handlers: options.handlers, log: options.log, signal }), late]);
}

/** Answers and closes without waiting for what the other side may still send. */
function finish(socket: Socket, answer: OperatorAnswer): void {
  if (socket.destroyed || socket.writableEnded) return;
  socket.end(`${JSON.stringify(answer)}\n`, () => socket.destroySoon());
}
