/** Starts the server: configuration, then everything of `server.ts`, then signals. */
import { availableParallelism, totalmem } from 'node:os';
import { helpOrVersion } from './config/help-text.ts';
import { loadConfig } from './config/load-config.ts';
import { startServer } from './server.ts';
import { version } from './version.ts';

/** By name, so that this file knows no class of the storage. */
const forTheOperator = ['ConfigError', 'DataFolderTaken', 'PortTaken', 'SealingError', 'SchemaTooNew'];

// What is written belongs to whoever runs the server, whatever the data folder's own mode is.
process.umask(0o077);
await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<void> {
  const text = helpOrVersion(argv, version);
  if (text !== undefined) return void process.stdout.write(text);
  try {
    const config = loadConfig({
      argv,
      env: process.env,
      cwd: process.cwd(),
      cpus: availableParallelism(),
      memoryBytes: totalmem(),
    });
    const starting = startServer(config);
    stopOnSignals(starting);
    await starting;
  } catch (error) {
    if (!isForTheOperator(error)) throw error;
    process.stderr.write(`cerulean: ${error.message}\n`);
    process.exitCode = 1;
  }
}

/** Ctrl+C under npm arrives several times: from the terminal, from npm, from the launcher. */
const sameSignalMs = 2000;

/**
 * A first signal lets running requests end; a later one ends the process at once. A signal during the start stops the
 * server as soon as it is complete, so that nothing is left half made.
 */
function stopOnSignals(starting: Promise<{ stop(): Promise<void> }>): void {
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
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', stop);
}

async function stopAndExit(server: { stop(): Promise<void> }): Promise<void> {
  try {
    await server.stop();
    process.exit(0);
  } catch (error) {
    const text = error instanceof Error ? error.stack : String(error);
    process.stderr.write(`cerulean: stopping failed: ${text}\n`);
    process.exit(1);
  }
}

/** Errors whose message is all that the operator needs; anything else is a bug and shows its stack. */
function isForTheOperator(error: unknown): error is Error {
  return error instanceof Error && forTheOperator.includes(error.name);
}
