import { CommanderError } from 'commander';
import { buildProgram } from './build-program.ts';
import { CommandError, exitCodes } from './command-error.ts';

const program = buildProgram({
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommandError) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.exitCode;
  } else if (error instanceof CommanderError) {
    // Its text is written already; asking for help is no error.
    process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage;
  } else throw error;
}
