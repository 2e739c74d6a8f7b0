import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BackgroundProcess } from '../../tools/background-process.ts';

const pollMs = 5;

/**
 * Waits until somebody accepts connections on the loopback port and returns how long that took, in milliseconds.
 * Throws with the end of the process's log when it dies or takes too long.
 */
export async function waitUntilListening(
  server: BackgroundProcess,
  { port, timeoutMs }: { readonly port: number; readonly timeoutMs: number },
): Promise<number> {
  const begunAt = performance.now();
  const passedMs = (): number => performance.now() - begunAt;
  while (passedMs() < timeoutMs && isRunning(server.pid)) {
    if (await isListening(port)) return passedMs();
    await sleep(pollMs);
  }
  await server.waitUntil(() => isListening(port), 0);
  return passedMs();
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
