import { type ServerProcess, type StartOptions, startServer } from '../process/server-process.ts';

/** A server that a test may end and start again over the same data; each start listens on another port. */
export interface RestartableServer extends AsyncDisposable {
  /** The one that runs now. */
  readonly now: ServerProcess;
  /** How often it was ended by each signal. */
  readonly endings: Readonly<Record<'SIGTERM' | 'SIGKILL', number>>;
  restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

export async function startRestartable(options: StartOptions): Promise<RestartableServer> {
  let now = await startServer(options);
  const { password } = now;
  const endings = { SIGTERM: 0, SIGKILL: 0 };
  return {
    get now() {
      return now;
    },
    endings,
    async restart(signal) {
      endings[signal] += 1;
      const { code, stderr } = await now.end(signal);
      if (signal === 'SIGTERM' && code !== 0) throw new Error(`It ended with ${code}: ${stderr}`);
      now = await startServer({ ...options, password });
    },
    [Symbol.asyncDispose]: () => now[Symbol.asyncDispose](),
  };
}
