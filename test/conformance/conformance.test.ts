import { beforeAll, describe, expect, test } from 'vitest';
import { runSuite, type SuiteRun } from './run-suite.ts';
import type { FailedCase, SuiteReport } from './suite-report.ts';
import { apiSwitches, dataSwitches } from './suite-switches.ts';

interface Expectation {
  readonly title: string;
  readonly run: SuiteRun;
  /** What the suite reports as Disabled because of `run.off`; written as the suite names it. */
  readonly disabled: readonly string[];
}

const expectations: readonly Expectation[] = [
  {
    title: 'a registry that takes sparse manifests, at version 1.1 with every switch on',
    run: { version: '1.1', sparseManifests: 'on', off: [] },
    disabled: [],
  },
  {
    title: 'a registry that takes sparse manifests, at the development version with every switch on',
    run: { version: 'dev', sparseManifests: 'on', off: [] },
    disabled: [],
  },
  {
    title: 'a strict registry, at the development version with all but the sparse kinds on',
    run: { version: 'dev', sparseManifests: 'off', off: ['SPARSE'] },
    disabled: ['data.Sparse Manifests'],
  },
];

describe.each(expectations)('the conformance suite on $title', ({ run, disabled }) => {
  let report: SuiteReport;
  beforeAll(async () => {
    report = await runSuite(run);
  }, 15 * 60_000);

  test('runs hundreds of cases with exactly the switches asked for', () => {
    expect(report.counts.total).toBeGreaterThan(700);
    expect(report.switches.size).toBe(apiSwitches.length + dataSwitches.length);
    const off = [...report.switches].filter(([, on]) => !on).map(([path]) => path);
    expect(off).toEqual(run.off.map((name) => `data.${name.toLowerCase()}`));
  });

  test('has no FAIL, no Error, no Skip and no Disabled case', () => {
    expect(report.failures.map(describeCase).slice(0, 25).join('\n\n')).toBe('');
    expect(report.counts).toMatchObject({ failed: 0, errors: 0, skipped: 0, disabled: 0 });
  });

  test('passes every API and every kind of data', () => {
    const others = [...report.statuses].filter(([, status]) => status !== 'Pass');
    expect(others).toEqual(disabled.map((path) => [path, 'Disabled']));
  });
});

function describeCase({ name, status, message, traffic }: FailedCase): string {
  return `${status}: ${name}\n${shorten(message, 600)}\n${shorten(traffic, 1_500)}`;
}

/** Keeps the end, where the answer stands that the suite did not like. */
function shorten(text: string, charactersMax: number): string {
  return text.length > charactersMax ? `…${text.slice(-charactersMax)}` : text;
}
