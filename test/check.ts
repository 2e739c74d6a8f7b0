/** `npm run check`: types, lint, format and dead code, a line each; what failed is shown in full. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';

interface Check {
  readonly name: string;
  /** A script below node_modules and its arguments. */
  readonly command: readonly [string, ...string[]];
}

const repository = dirname(import.meta.dirname);
const checks: readonly Check[] = [
  { name: 'types', command: ['typescript/bin/tsc', '--noEmit', '-p', '.'] },
  { name: 'lint', command: ['oxlint/bin/oxlint', '.'] },
  { name: 'format', command: ['@biomejs/biome/bin/biome', 'check', '--linter-enabled=false', '.'] },
  { name: 'dead code', command: ['knip/bin/knip.js', '--no-progress', '--no-config-hints'] },
];

const results = await Promise.all(checks.map(runCheck));
for (const { name, passed, output } of results) {
  console.log(`${passed ? 'ok    ' : 'FAILED'}  ${name}`);
  if (!passed) console.log(output.trim());
}
if (!results.every(({ passed }) => passed)) process.exitCode = 1;

async function runCheck({ name, command: [script, ...words] }: Check) {
  const child = spawn(process.execPath, [join(repository, 'node_modules', script), ...words], {
    cwd: repository,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { name, passed: code === 0, output: output + errors };
}
