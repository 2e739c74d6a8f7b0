/** Starts a throw-away Cerulean for other people's tests: a line of JSON when it is ready, and nothing left after it. */
import { ConfigError } from '../config/config-error.ts';
import { isForTheOperator } from '../is-for-the-operator.ts';
import { stopOnSignals } from '../stop-on-signals.ts';
import { type EmulatorOptions, emulatorHelp, readEmulatorOptions } from './emulator-options.ts';
import { startEmulator } from './start-emulator.ts';
import { whenAbandoned } from './when-abandoned.ts';

const exitCodes = { notStarted: 1, usage: 2 };

process.umask(0o077);
await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<void> {
  try {
    const options = readEmulatorOptions(argv);
    if (options === undefined) process.stdout.write(emulatorHelp);
    else await run(options);
  } catch (error) {
    if (!isForTheOperator(error)) throw error;
    say(error.message);
    process.exitCode = error instanceof ConfigError ? exitCodes.usage : exitCodes.notStarted;
  }
}

async function run(options: EmulatorOptions): Promise<void> {
  let state: 'starting' | 'ready' | 'abandoned' = 'starting';
  const starting = startEmulator(options);
  const stop = stopOnSignals(starting);
  const abandon = (why: string): void => {
    if (state === 'starting') {
      say(`${why} before it was ready, so it ends; --keep-running lets it go on.`);
      process.exitCode = exitCodes.notStarted;
    }
    if (state !== 'abandoned') stop();
    state = 'abandoned';
  };
  if (!options.keepRunning) whenAbandoned(abandon);
  const { description } = await starting;
  if (state !== 'starting') return;
  state = 'ready';
  process.stdout.once('error', () => abandon('its standard output was closed'));
  process.stdout.write(`${JSON.stringify(description)}\n`);
}

function say(text: string): void {
  process.stderr.write(`cerulean emulator: ${text}\n`);
}
