/** Starts the server: configuration, then everything of `server.ts`, then signals. */
import { availableParallelism, totalmem } from 'node:os';
import { helpOrVersion } from './config/help-text.ts';
import { loadConfig } from './config/load-config.ts';
import { isForTheOperator } from './is-for-the-operator.ts';
import { startServer } from './server.ts';
import { stopOnSignals } from './stop-on-signals.ts';
import { version } from './version.ts';

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
