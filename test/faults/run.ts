/**
 * Runs the crash and fault tests: `node bin/run.mjs test/faults/run.ts [--size ci|full] [--minutes N] [VITEST
 * ARGUMENT…]`. It prints a table of what the server survived. Needs root on Linux: it mounts file systems, in a mount
 * namespace of its own so that nobody else holds them, and traces processes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { reportTable } from './report.ts';

const project = dirname(dirname(import.meta.dirname));
const { values, positionals } = parseArgs({
  options: { size: { type: 'string', default: 'full' }, minutes: { type: 'string', default: '60' } },
  allowPositionals: true,
});

const folder = await mkdtemp(join(tmpdir(), 'cerulean-faults-'));
const reportFile = join(folder, 'report.jsonl');
await writeFile(reportFile, '');
try {
  const vitest = join(project, 'node_modules', 'vitest', 'vitest.mjs');
  const words = [vitest, 'run', '--config', 'test/faults/vitest.config.ts', ...positionals];
  const child = spawn('unshare', ['--mount', '--propagation', 'private', process.execPath, ...words], {
    cwd: project,
    stdio: 'inherit',
    env: {
      ...process.env,
      CERULEAN_TEST_SIZE: values.size,
      CERULEAN_FAULT_MINUTES: values.minutes,
      CERULEAN_FAULT_REPORT: reportFile,
    },
  });
  const [code] = await once(child, 'exit');
  process.stdout.write(`\n${reportTable(reportFile)}\n`);
  process.exitCode = typeof code === 'number' ? code : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
