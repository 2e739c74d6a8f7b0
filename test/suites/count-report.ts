/** Prints `PASSED FAILED` of a report of Vitest's JSON reporter: `node bin/run.mjs test/suites/count-report.ts FILE`. */
import { readFileSync } from 'node:fs';
import { readVitestReport } from './part-result.ts';

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('Which report?');
const { passed, failed } = readVitestReport(readFileSync(file, 'utf8'));
process.stdout.write(`${passed} ${failed}\n`);
