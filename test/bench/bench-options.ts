import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Size, type WorkloadName, workloads } from './workloads.ts';

export interface BenchOptions {
  readonly size: Size;
  readonly rounds: number;
  readonly workloads: readonly WorkloadName[];
  /** Fail when a ratio is below half of its aim. */
  readonly check: boolean;
  readonly profile: boolean;
  readonly jsonFile: string | undefined;
  /** Put the tables into docs/performance.md. */
  readonly docs: boolean;
  /** Where the servers keep their data. */
  readonly folder: string;
  readonly client: string;
  readonly upload: string;
}

const defaultFolder = join(import.meta.dirname, '..', '..', '.cache', 'bench');

export const usage = `npm run bench -- [--quick] [--row NAME]… [--check] [--json FILE] [--docs] [--profile]
                 [--rounds N] [--folder DIR] [--client lean|net/http] [--upload put|patch]

  --quick     a few minutes in all instead of twenty
  --row       only this work, may be given more than once: ${Object.keys(workloads).join(', ')}
  --check     end with 1 if a ratio is below half of its aim, and is so twice more when it is measured for longer
  --json      write everything that was measured to this file
  --docs      put the tables into docs/performance.md
  --profile   no comparison: run Cerulean under Node's profiler and print where its time goes, for each row
  --rounds    how often each pair is measured; the table shows medians (3)
  --folder    where the servers keep their data: on the disk that you mean (.cache/bench)
  --client    lean: a kept connection a worker; net/http: Go's own client, which costs more itself
  --upload    put: POST, PUT (containerd, oras, helm); patch: POST, PATCH, PUT (docker, podman, crane)
`;

/** Throws TypeError for an unknown flag, RangeError for an unknown row. */
export function parseBenchOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      row: { type: 'string', multiple: true, default: Object.keys(workloads) },
      check: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      json: { type: 'string' },
      docs: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '3' },
      folder: { type: 'string', default: defaultFolder },
      client: { type: 'string', default: 'lean' },
      upload: { type: 'string', default: 'put' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    size: values.quick ? 'quick' : 'full',
    rounds: Math.max(1, Number.parseInt(values.rounds, 10)),
    workloads: values.row.map(workloadNamed),
    check: values.check,
    profile: values.profile,
    jsonFile: values.json,
    docs: values.docs,
    folder: values.folder,
    client: values.client,
    upload: values.upload,
  };
}

function workloadNamed(name: string): WorkloadName {
  if (Object.hasOwn(workloads, name)) return name as WorkloadName;
  throw new RangeError(`No row is called ${name}; there are ${Object.keys(workloads).join(', ')}.`);
}
