/** What the suite says of one run, from its results.yaml and junit.xml. */
export interface SuiteReport {
  readonly counts: SuiteCounts;
  /** Settings echoed by the suite: the path of each switch, such as `apis.blobs.atomic`. */
  readonly switches: ReadonlyMap<string, boolean>;
  /** The status of each API and each kind of data: Pass, FAIL, Error, Skip, Disabled, Unknown. */
  readonly statuses: ReadonlyMap<string, string>;
  readonly failures: readonly FailedCase[];
}

/** results.yaml has no counts, so these are the totals that the suite writes on junit.xml's root element. */
export interface SuiteCounts {
  readonly total: number;
  readonly failed: number;
  readonly errors: number;
  readonly skipped: number;
  readonly disabled: number;
}

export interface FailedCase {
  readonly name: string;
  readonly status: string;
  /** The suite's complaint. */
  readonly message: string;
  /** The requests and answers that led to it. */
  readonly traffic: string;
}

/** Reads both files' text. Throws when either is not what this version of the suite writes. */
export function readSuiteReport(resultsYaml: string, junitXml: string): SuiteReport {
  const values = readNestedMap(resultsYaml);
  const switches = new Map<string, boolean>();
  const statuses = new Map<string, string>();
  for (const [path, value] of values) {
    if (/^config\.(apis|data)\./.test(path)) switches.set(path.slice('config.'.length), value === 'true');
    if (/^(apis|data)\./.test(path)) statuses.set(path, value);
  }
  if (switches.size === 0 || statuses.size === 0)
    throw new Error('results.yaml holds no switches or no results.');
  return { counts: readCounts(junitXml), switches, statuses, failures: readFailures(junitXml) };
}

/**
 * Reads the part of YAML that the suite writes: maps of scalars, nested by two spaces, names without quotes,
 * empty lists. Anything else throws, so that a new form is noticed and not skipped.
 */
function readNestedMap(text: string): Map<string, string> {
  const values = new Map<string, string>();
  const open: string[] = [];
  for (const line of text.split('\n').filter((candidate) => candidate.trim() !== '')) {
    const match = /^( *)([^:]+):(?: (.*))?$/.exec(line);
    if (match === null) throw new Error(`results.yaml has a line that is not understood: ${line}`);
    const [, indent = '', name = '', value] = match;
    open.length = indent.length / 2;
    if (value === undefined) open.push(name);
    else values.set([...open, name].join('.'), value);
  }
  return values;
}

function readCounts(junitXml: string): SuiteCounts {
  const root = /<testsuites ([^>]*)>/.exec(junitXml)?.[1];
  if (root === undefined) throw new Error('junit.xml has no element testsuites.');
  // The suite leaves out an attribute whose count is 0.
  const count = (name: string): number => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(root)?.[1] ?? '0');
  return {
    total: count('tests'),
    failed: count('failures'),
    errors: count('errors'),
    skipped: count('skipped'),
    disabled: count('disabled'),
  };
}

function readFailures(junitXml: string): FailedCase[] {
  const cases = junitXml.matchAll(/<testcase ([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs);
  return [...cases].flatMap(([, attributes = '', body = '']) => {
    const attribute = (name: string): string =>
      decodeXml(new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? '');
    const status = attribute('status');
    if (status === 'passed') return [];
    const element = (name: string): string =>
      decodeXml(new RegExp(`<${name}>(.*?)</${name}>`, 's').exec(body)?.[1] ?? '');
    return [
      { name: attribute('name'), status, message: element('system-out'), traffic: element('system-err') },
    ];
  });
}

function decodeXml(text: string): string {
  const named: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return text.replaceAll(/&(?:#x([0-9A-Fa-f]+)|#(\d+)|(\w+));/g, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return named[String(name)] ?? whole;
  });
}
