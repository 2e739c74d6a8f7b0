/**
 * Installs the programs that `npm run test:all` needs: `node bin/run.mjs test/tools/install.ts [NAME…]`.
 * Without names it installs all that the tests use; what is there already is left alone.
 */
import { installTools } from './install-tools.ts';
import { type ToolName, testToolNames, toolNames } from './tools.ts';

function parseToolName(text: string): ToolName {
  const name = toolNames.find((candidate) => candidate === text);
  if (name === undefined) throw new Error(`No tool is called ${text}; there are ${toolNames.join(', ')}.`);
  return name;
}

const asked = process.argv.slice(2).map(parseToolName);
try {
  await installTools(asked.length > 0 ? asked : testToolNames, (line) => process.stdout.write(`${line}\n`));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
