import { eventually } from './eventually.ts';
import type { ServerProcess } from './server-process.ts';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: {
    readonly sessionId?: string;
    readonly message?: string;
    readonly workerInfo?: { readonly url?: string; readonly title?: string };
  };
}

/** Node's options that let a debugger of this machine in. */
export const inspectable = ['--inspect=127.0.0.1:0'];

/**
 * Runs code in a thread of a server, as a debugger does: a way to make a thread die that the program knows nothing of.
 * The server was started with `inspectable`. @param thread part of the thread's file name
 */
export async function runInThread(server: ServerProcess, thread: string, code: string): Promise<void> {
  const url = /Debugger listening on (ws:\S+)/.exec(server.stderr())?.[1];
  if (url === undefined) throw new Error(`The server has no debugger: ${server.stderr()}`);
  const socket = new WebSocket(url);
  const sessions = new Map<string, string>();
  socket.addEventListener('message', (event) => {
    const { method, params } = JSON.parse(String(event.data)) as Message;
    const { sessionId, workerInfo } = params ?? {};
    if (method === 'NodeWorker.attachedToWorker' && sessionId !== undefined)
      sessions.set(sessionId, `${workerInfo?.url} ${workerInfo?.title}`);
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', () => reject(new Error('The debugger can not be reached.')));
  });
  const send = (id: number, method: string, params: object): void =>
    socket.send(JSON.stringify({ id, method, params }));
  send(1, 'NodeWorker.enable', { waitForDebuggerOnStart: false });
  let found: string | undefined;
  await eventually(async () => {
    found = [...sessions].find(([, name]) => name.includes(thread))?.[0];
    if (found === undefined)
      throw new Error(`No thread ${thread} among: ${[...sessions.values()].join(', ')}`);
  });
  const message = { id: 1, method: 'Runtime.evaluate', params: { expression: code } };
  send(2, 'NodeWorker.sendMessageToWorker', { sessionId: found, message: JSON.stringify(message) });
  // The answer may never come: the thread dies of it.
  await new Promise((resolve) => setTimeout(resolve, 200));
  socket.close();
}
