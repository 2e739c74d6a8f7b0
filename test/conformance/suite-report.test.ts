import { describe, expect, test } from 'vitest';
import { readSuiteReport } from './suite-report.ts';

const resultsYaml = `config:
  registry: 127.0.0.1:5000
  username: "***"
  apis:
    ping: true
    blobs:
      atomic: false
  data:
    sha512: true
  roData:
    tags: []
apis:
  Blob get range: FAIL
  Ping: Pass
data:
  Sparse Manifests: Disabled
`;

const junitXml = `<testsuites time="1.5" tests="3" failures="1" skipped="1">
  <testsuite name="OCI Conformance Test" tests="3" failures="1" errors="0" skipped="1" time="1.5">
    <testcase name="OCI Conformance Test/ping" classname="" time="0.007" status="passed">
      <system-err>GET &#34;/v2/&#34;</system-err>
    </testcase>
    <testcase name="OCI Conformance Test/a &lt; b" classname="" time="0.007" status="failure">
      <system-out>expected&#xA;200 &amp; more</system-out>
      <system-err>GET /v2/x</system-err>
    </testcase>
    <testcase name="OCI Conformance Test/bare" classname="" time="0.007" status="skipped"></testcase>
  </testsuite>
</testsuites>`;

describe('the reader of the conformance suite’s report', () => {
  test('tells the switches that were on from those that were off', () => {
    expect([...readSuiteReport(resultsYaml, junitXml).switches]).toEqual([
      ['apis.ping', true],
      ['apis.blobs.atomic', false],
      ['data.sha512', true],
    ]);
  });

  test('takes the status of each API and kind of data, with blanks in their names', () => {
    expect([...readSuiteReport(resultsYaml, junitXml).statuses]).toEqual([
      ['apis.Blob get range', 'FAIL'],
      ['apis.Ping', 'Pass'],
      ['data.Sparse Manifests', 'Disabled'],
    ]);
  });

  test('counts what the suite counted, a count left out being none', () => {
    const counts = { total: 3, failed: 1, errors: 0, skipped: 1, disabled: 0 };
    expect(readSuiteReport(resultsYaml, junitXml).counts).toEqual(counts);
  });

  test('lists the cases that did not pass, decoded', () => {
    const { failures } = readSuiteReport(resultsYaml, junitXml);
    expect(failures).toEqual([
      {
        name: 'OCI Conformance Test/a < b',
        status: 'failure',
        message: 'expected\n200 & more',
        traffic: 'GET /v2/x',
      },
      { name: 'OCI Conformance Test/bare', status: 'skipped', message: '', traffic: '' },
    ]);
  });

  test('refuses results without switches or statuses, as an interrupted run would leave them', () => {
    expect(() => readSuiteReport('', junitXml)).toThrow('no switches or no results');
    expect(() => readSuiteReport('apis:\n  Ping: Pass\n', junitXml)).toThrow('no switches or no results');
    expect(() => readSuiteReport('- a list', junitXml)).toThrow('not understood');
  });
});
