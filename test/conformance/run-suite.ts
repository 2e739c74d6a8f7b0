import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tail, tryCommand } from '../tools/run-command.ts';
import { projectFolder, startCerulean } from '../tools/start-cerulean.ts';
import { toolFile } from '../tools/tool-location.ts';
import { readSuiteReport, type SuiteReport } from './suite-report.ts';
import { type DataSwitch, switchVariables } from './suite-switches.ts';

export interface SuiteRun {
  readonly version: '1.1' | 'dev';
  /** The registry's policy: whether a manifest may name parts that the repository does not hold. */
  readonly sparseManifests: 'on' | 'off';
  readonly off: readonly DataSwitch[];
}

const timeoutMs = 5 * 60_000;

/**
 * Runs the suite against a fresh server and returns its report.
 * Throws when results.yaml is missing: the suite exits with 0 when it did not run at all.
 */
export async function runSuite(run: SuiteRun): Promise<SuiteReport> {
  await using cerulean = await startCerulean();
  if (run.sparseManifests === 'on') {
    await cerulean.operate('registry', 'set', 'cerulean', '--sparse-manifests', 'on');
  }
  const folder = await mkdtemp(join(tmpdir(), 'cerulean-conformance-'));
  try {
    const variables = {
      OCI_REGISTRY: cerulean.host,
      OCI_TLS: 'disabled',
      OCI_REPO1: 'conformance/first',
      OCI_REPO2: 'conformance/second',
      OCI_USERNAME: cerulean.user,
      OCI_PASSWORD: cerulean.password,
      OCI_VERSION: run.version,
      OCI_RESULTS_DIR: folder,
      ...switchVariables(run.off),
    };
    const suite = toolFile('conformance');
    const result = await tryCommand(suite, [], { cwd: folder, env: variables, timeoutMs });
    if (!existsSync(join(folder, 'results.yaml'))) {
      throw new Error(`The suite wrote no results.yaml:\n${tail(`${result.stdout}\n${result.stderr}`, 20)}`);
    }
    const [resultsYaml, junitXml] = await Promise.all(
      ['results.yaml', 'junit.xml'].map((file) => readFile(join(folder, file), 'utf8')),
    );
    await keepForReading(run, junitXml ?? '');
    return readSuiteReport(resultsYaml ?? '', junitXml ?? '');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The whole of what the suite saw, for somebody who wants to read more than the shortened failures. */
async function keepForReading(run: SuiteRun, junitXml: string): Promise<void> {
  const folder = join(projectFolder, '.cache', 'conformance');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${run.version}-sparse-${run.sparseManifests}.junit.xml`), junitXml);
}
