import { appendFileSync, readFileSync } from 'node:fs';
import type { Survived } from './crash-loop.ts';

/** A row of what a run survived. */
export interface ReportRow extends Omit<Survived, 'flaws'> {
  readonly test: string;
  /** What was done to the server, in the plural. */
  readonly what: string;
}

const file = process.env['CERULEAN_FAULT_REPORT'];

/** Tells the run what a test came through; only tests without a planted bug report. */
export function report(test: string, what: string, survived: Omit<Survived, 'flaws'>): void {
  const { crashes, acknowledged, unknown, unknownApplied, recoveryMsMax } = survived;
  const row: ReportRow = { test, what, crashes, acknowledged, unknown, unknownApplied, recoveryMsMax };
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(row)}\n`);
}

/** The rows as a Markdown table. */
export function reportTable(reportFile: string): string {
  const rows = readFileSync(reportFile, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as ReportRow)
    .sort((a, b) => a.test.localeCompare(b.test));
  const head = [
    '| test | survived | requests acknowledged | without an answer (carried out) | longest start after it |',
    '|---|---|---|---|---|',
  ];
  const lines = rows.map(
    (row) =>
      `| ${row.test} | ${row.crashes} ${row.what} | ${row.acknowledged} | ` +
      `${row.unknown} (${row.unknownApplied}) | ${(row.recoveryMsMax / 1000).toFixed(1)} s |`,
  );
  return [...head, ...lines].join('\n');
}
