/** Starts the server: configuration, then everything of `server.ts`, then signals. */
import { availableParallelism, totalmem } from 'node:os';
import { ConfigError } from './config/config-error.ts';
import { helpOrVersion } from './config/help-text.ts';
import { loadConfig } from './config/load-config.ts';
import { SealingError } from './sealing/sealing-error.ts';
import { startServer } from './server.ts';
import { DataFolderTaken } from './storage/data-folder-guard.ts';
import { PortTaken } from './threads/listener.ts';
import { version } from './version.ts';

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
    const server = await startServer(config);
    stopOnSignals(server);
  } catch (error) {
    if (!isForTheOperator(error)) throw error;
    process.stderr.write(`cerulean: ${error.message}\n`);
    process.exitCode = 1;
  }
}

/** A first signal lets running requests end; a second one ends the process at once. */
function stopOnSignals(server: { stop(): Promise<void> }): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(130);
    stopping = true;
    server.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(
          `cerulean: stopping failed: ${error instanceof Error ? error.stack : String(error)}\n`,
        );
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', stop);
}

/** Errors whose message is all that the operator needs; anything else is a bug and shows its stack. */
function isForTheOperator(error: unknown): error is Error {
  return (
    error instanceof ConfigError ||
    error instanceof DataFolderTaken ||
    error instanceof PortTaken ||
    error instanceof SealingError ||
    (error instanceof Error && error.name === 'SchemaTooNew')
  );
}
