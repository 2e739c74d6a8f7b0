/** What one part of the tests came to. */
export interface PartResult {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The members that are read of the report that Vitest's JSON reporter writes. */
interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly success: boolean;
}

/**
 * Reads the counts out of a report of Vitest's JSON reporter. A run that failed without a failed test (a file that
 * could not be loaded, a hook that threw) counts as one failure, and so does a run of no test at all.
 */
export function readVitestReport(json: string): PartResult {
  const report = JSON.parse(json) as VitestReport;
  const { numPassedTests: passed, numFailedTests, numPendingTests, numTodoTests } = report;
  const skipped = numPendingTests + numTodoTests;
  const failedOtherwise = numFailedTests === 0 && (!report.success || passed === 0);
  return { passed, failed: failedOtherwise ? 1 : numFailedTests, skipped };
}

/** The plain closing line of a run. */
export function closingLine(results: readonly PartResult[]): string {
  const sum = (member: keyof PartResult): number =>
    results.reduce((total, result) => total + result[member], 0);
  return `${sum('passed')} passed, ${sum('failed')} failed`;
}
