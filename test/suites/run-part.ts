import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tail } from '../tools/run-command.ts';
import { projectFolder } from '../tools/start-cerulean.ts';
import type { ToolName } from '../tools/tools.ts';
import { type PartResult, readVitestReport } from './part-result.ts';
import { runLogged } from './run-logged.ts';

/** One part of `npm run test:all`. */
export interface Part {
  readonly name: string;
  readonly tools: readonly ToolName[];
  /** A script for this Node and its arguments, or another program by its absolute path. */
  readonly command: () => readonly [string, ...string[]];
  /** `vitest`: takes Vitest's reporter flags, and its report is counted. `exit-code`: one test, which passes with 0. */
  readonly counts: 'vitest' | 'exit-code';
  readonly env?: Readonly<Record<string, string>>;
  /** Lines of its output that are worth to be seen when it passes too. */
  readonly tells?: RegExp;
}

/** Logs and reports of the last run, for whoever looks into a failure. */
export const reportFolder = join(projectFolder, '.cache', 'test-all');

const failureLinesMax = 300;

/** Runs one part; its output goes to a file and is shown only when it fails. */
export async function runPart(part: Part, print: (line: string) => void): Promise<PartResult> {
  await mkdir(reportFolder, { recursive: true });
  const logFile = join(reportFolder, `${part.name}.log`);
  const reportFile = join(reportFolder, `${part.name}.json`);
  await Promise.all([logFile, reportFile].map((file) => rm(file, { force: true })));
  const startedAt = Date.now();
  const [command, ...args] = part.command();
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  const code = await runLogged(command, part.counts === 'vitest' ? [...args, ...reporters] : args, {
    logFile,
    env: { ...part.env },
  });
  const result = await countPart(part, code, reportFile);
  const failed = result.failed > 0 || result.skipped > 0;
  const skipped = result.skipped > 0 ? `, ${result.skipped} skipped` : '';
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  print(`${failed ? 'FAILED' : 'ok    '}  ${part.name}: ${closing(result)}${skipped}, ${seconds} s`);
  const log = failed || part.tells !== undefined ? await readFile(logFile, 'utf8') : '';
  if (failed) print(failuresOf(log));
  else for (const line of log.split('\n')) if (part.tells?.test(line) === true) print(line);
  return result;
}

/** Vitest's own list of failures if the log has one, else the end of the log. */
function failuresOf(log: string): string {
  const list = log.search(/^.*Failed (Tests|Suites)/m);
  if (list === -1) return tail(log, 100);
  return tail(log.slice(list).split('\n').slice(0, failureLinesMax).join('\n'), failureLinesMax);
}

async function countPart(part: Part, code: number, reportFile: string): Promise<PartResult> {
  if (part.counts === 'exit-code')
    return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
  if (!existsSync(reportFile)) return { passed: 0, failed: 1, skipped: 0 };
  const result = readVitestReport(await readFile(reportFile, 'utf8'));
  // A runner that ends badly after a good report has failed too.
  return code !== 0 && result.failed === 0 ? { ...result, failed: 1 } : result;
}

function closing({ passed, failed }: PartResult): string {
  return `${passed} passed, ${failed} failed`;
}
