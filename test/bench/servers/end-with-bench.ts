const running = new Set<number>();
let watching = false;

/** Ends this process too when the benchmark is told to stop; returns what is called once it has ended by itself. */
export function endWithBench(pid: number): () => void {
  running.add(pid);
  if (!watching) {
    watching = true;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        for (const each of running) process.kill(each, 'SIGTERM');
        process.exit(1);
      });
    }
  }
  return () => void running.delete(pid);
}
