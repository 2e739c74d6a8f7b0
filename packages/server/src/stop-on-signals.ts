/** Ctrl+C under npm arrives several times: from the terminal, from npm, from the launcher. */
const sameSignalMs = 2000;

/**
 * A first SIGTERM, SIGINT or SIGHUP lets running requests end; a later one ends the process at once. A signal during
 * the start stops the server as soon as it is complete, so that nothing is left half made.
 * @returns what does the same without a signal
 */
export function stopOnSignals(starting: Promise<{ stop(): Promise<void> }>): () => void {
  let stoppingSince: number | undefined;
  const stop = (): void => {
    if (stoppingSince !== undefined) {
      if (performance.now() - stoppingSince > sameSignalMs) process.exit(130);
      return;
    }
    stoppingSince = performance.now();
    // A start that fails says so itself.
    starting.then(stopAndExit, () => undefined);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
  return stop;
}

async function stopAndExit(server: { stop(): Promise<void> }): Promise<void> {
  try {
    await server.stop();
    process.exit();
  } catch (error) {
    const text = error instanceof Error ? error.stack : String(error);
    process.stderr.write(`cerulean: stopping failed: ${text}\n`);
    process.exit(1);
  }
}
