/**
 * `npm run test:all`: everything that `npm test` leaves out, because it needs servers or programs of others. Those
 * are installed by package name, the slow ones while the first parts run already. Names as arguments choose parts.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { closingLine, type PartResult } from './suites/part-result.ts';
import { type Part, runPart } from './suites/run-part.ts';
import { installTools } from './tools/install-tools.ts';
import { startPostgres } from './tools/postgres.ts';
import { projectFolder } from './tools/start-cerulean.ts';
import { findTool, toolFile } from './tools/tool-location.ts';
import { clientToolNames, type ToolName, toolNames } from './tools/tools.ts';

const vitest = join(projectFolder, 'node_modules', 'vitest', 'vitest.mjs');
const withVitest = (name: string, ...tools: ToolName[]): Part => ({
  name,
  tools,
  command: () => [process.execPath, vitest, 'run', '--config', `test/${name}/vitest.config.ts`],
  counts: 'vitest',
});

/** The last, alone on the machine. Its table is printed, so that each run records the ratios. */
const bench: Part = {
  name: 'bench',
  tools: ['distribution'],
  command: () => [process.execPath, 'test/bench/run.ts', '--quick', '--rounds', '1', '--check'],
  counts: 'exit-code',
  tells: /^(\| |once more)/,
};

/** Ordered by when their programs can be there: what needs little to be built comes first. */
const parts: readonly Part[] = [
  withVitest('postgres', 'postgres'),
  {
    name: 'format',
    tools: ['python'],
    command: () => [toolFile('python'), 'test/format/read_vector.py'],
    counts: 'exit-code',
  },
  {
    name: 'faults',
    tools: ['strace', 'e2fsprogs', 'gcc', 'libc6-dev'],
    command: () => [process.execPath, 'test/faults/run.ts', '--size', 'ci', '--'],
    counts: 'vitest',
  },
  withVitest('conformance', 'conformance'),
  withVitest('races', 'toxiproxy'),
  withVitest('container', 'busybox', 'buildah', 'podman', 'runc'),
  {
    name: 'clients',
    tools: clientToolNames,
    command: () => [process.execPath, 'test/clients/run.ts'],
    counts: 'vitest',
  },
  bench,
];

const print = (line: string): void => void process.stdout.write(`${line}\n`);
process.exitCode = await runAll(chosenParts(process.argv.slice(2)));

function chosenParts(names: readonly string[]): readonly Part[] {
  const unknown = names.find((name) => !parts.some((part) => part.name === name));
  if (unknown !== undefined) {
    throw new Error(`No part is called ${unknown}; there are ${parts.map((part) => part.name).join(', ')}.`);
  }
  return names.length === 0 ? parts : parts.filter((part) => names.includes(part.name));
}

async function runAll(chosen: readonly Part[]): Promise<number> {
  const wanted = toolNames.filter((name) => chosen.some((part) => part.tools.includes(name)));
  let installing = true;
  const installed = installTools(wanted, print)
    .catch((error: unknown) => print(`tools: ${error instanceof Error ? error.message : String(error)}`))
    .finally(() => {
      installing = false;
    });
  const results: PartResult[] = [];
  for (const part of chosen) {
    while (installing && part.tools.some((name) => findTool(name) === undefined)) await sleep(1_000);
    results.push(await runOnePart(part));
  }
  await installed;
  const skippedAny = results.some((result) => result.skipped > 0);
  const failedAny = results.some((result) => result.failed > 0 || result.passed === 0);
  print(closingLine(results));
  return skippedAny || failedAny ? 1 : 0;
}

async function runOnePart(part: Part): Promise<PartResult> {
  const missing = part.tools.filter((name) => findTool(name) === undefined);
  if (missing.length > 0) {
    print(`FAILED  ${part.name}: ${missing.join(', ')} could not be installed`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
  if (part.name !== 'postgres') return runPart(part, print);
  await using server = await startPostgres();
  return await runPart({ ...part, env: { CERULEAN_TEST_POSTGRES: server.url } }, print);
}
