/**
 * `node bin/run.mjs test/bench/scale.ts [--quick] [--check] [--keep] [--json FILE] [--docs] [--folder DIR]`: what
 * requests cost at 1,000,000 tags beside what they cost at 10,000, in one repository and spread over many, warm and
 * with nothing of the database in the kernel's cache. With --keep the seeded data stays for the next run, which must
 * have the same schema.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildClient } from './build-client.ts';
import { median } from './comparisons.ts';
import { type Measurement, measure } from './measure.ts';
import { machineText, markdownTable } from './report.ts';
import { type DataSet, openDataSet } from './scale/data-set.ts';
import type { DataSetShape } from './scale/data-set-shape.ts';
import { evictFromPageCache } from './scale/evict-from-page-cache.ts';
import { type Probe, probes } from './scale/probes.ts';
import { sides, Times } from './scale/times.ts';
import type { BenchServer } from './servers/bench-server.ts';
import { writeIntoDocument } from './write-into-document.ts';

/** A request at many tags may cost this many times what it costs at few. */
const ratioMax = 1.5;
const rounds = 3;
const starts = 5;
/** Every round asks for other names, so that what one round leaves in a cache helps no other. */
const warm = { warmUp: 700, each: 1000 };
const cold = { each: 100 };

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    json: { type: 'string' },
    docs: { type: 'boolean', default: false },
    folder: { type: 'string', default: join(import.meta.dirname, '..', '..', '.cache', 'bench') },
  },
});
const [few, many] = values.quick ? [5_000, 100_000] : [10_000, 1_000_000];
const print = (line: string): void => void process.stdout.write(`${line}\n`);

interface Line {
  readonly layout: string;
  readonly what: string;
  readonly state: 'warm' | 'cold';
  /** Milliseconds in the middle round: of warm requests the median, of cold ones the mean. */
  readonly fewMs: number;
  readonly manyMs: number;
  readonly ratio: number;
}

const setsFolder = join(values.folder, 'scale');
const program = await buildClient(values.folder);
if (!values.keep) await rm(setsFolder, { recursive: true, force: true });
print(machineText());
const lines = [
  ...(await compareShapes(
    'in one repository',
    { tags: few, repositories: 1 },
    { tags: many, repositories: 1 },
  )),
  ...(await compareShapes(
    'ten in each repository',
    { tags: few, repositories: few / 10 },
    { tags: many, repositories: many / 10 },
  )),
];
const text = `${machineText()}\n\n${table(lines)}`;
print(`\n${text}`);
if (values.docs) await writeIntoDocument('scale', text);
if (!values.keep) await rm(setsFolder, { recursive: true, force: true });
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(lines, null, 2)}\n`);
const dear = lines.filter(({ ratio }) => ratio > ratioMax * 2);
if (values.check && dear.length > 0) {
  process.exitCode = 1;
  print(
    `\nmore than twice what is aimed at: ${dear.map(({ what, layout }) => `${what}, ${layout}`).join('; ')}`,
  );
}

async function compareShapes(layout: string, small: DataSetShape, large: DataSetShape): Promise<Line[]> {
  const sets = [
    await openDataSet(setsFolder, small, print),
    await openDataSet(setsFolder, large, print),
  ] as const;
  const lines: Line[] = [];
  for (const [state, compareAll] of [
    ['warm', compareWarm],
    ['cold', compareCold],
  ] as const) {
    for (const [what, { few: atFew, many: atMany }] of await compareAll(sets)) {
      const [fewMs, manyMs] = [median(atFew), median(atMany)];
      lines.push({ layout, what, state, fewMs, manyMs, ratio: manyMs / fewMs });
    }
  }
  return lines;
}

type Sets = readonly [DataSet, DataSet];

/** Both servers run, and are asked in turns. */
async function compareWarm(sets: Sets): Promise<Times> {
  const times = new Times();
  for (let start = 0; start < starts; start += 1) {
    for (const [index, side] of sides.entries()) {
      await using server = await (sets[index] ?? sets[0]).start();
      times.note('start', side, server.startedInMs);
    }
  }
  await using few = await sets[0].start();
  await using many = await sets[1].start();
  const askBoth = async (
    probe: Probe,
    numbers: readonly number[],
  ): Promise<{ few: number; many: number }> => ({
    few: (
      await ask(
        few,
        numbers.map((number) => probe.path(sets[0].sample, number)),
      )
    ).p50,
    many: (
      await ask(
        many,
        numbers.map((number) => probe.path(sets[1].sample, number)),
      )
    ).p50,
  });
  for (const probe of probes.filter(({ fits }) => fits(sets[0].shape))) {
    await askBoth(probe, range(0, warm.warmUp));
    for (let round = 0; round < rounds; round += 1) {
      const found = await askBoth(probe, range(warm.warmUp + round * warm.each, warm.each));
      for (const side of sides) times.note(probe.name, side, found[side]);
    }
  }
  return times;
}

/** Before each start the kernel forgets the database, and the server's own caches are new. */
async function compareCold(sets: Sets): Promise<Times> {
  const times = new Times();
  for (let round = 0; round < rounds; round += 1) {
    for (const probe of probes.filter(({ fits }) => fits(sets[0].shape))) {
      for (const [index, side] of sides.entries()) {
        const set = sets[index] ?? sets[0];
        await evictFromPageCache(set.databaseFile);
        await using server = await set.start();
        times.note('start', side, server.startedInMs);
        const numbers = range(round * cold.each, cold.each);
        const { mean } = await ask(
          server,
          numbers.map((number) => probe.path(set.sample, number)),
        );
        times.note(probe.name, side, mean);
      }
    }
  }
  return times;
}

function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}

async function ask(server: BenchServer, paths: readonly string[]): Promise<Measurement['latencyMs']> {
  const file = join(values.folder, 'paths.txt');
  await writeFile(file, paths.join('\n'));
  const flags = ['-paths', file, '-login', 'basic', '-concurrency', '1'];
  return (await measure(server, { program, row: 'paths', flags })).latencyMs;
}

function table(all: readonly Line[]): string {
  const cells = all.map(({ layout, what, state, fewMs, manyMs, ratio }) => [
    what,
    layout,
    state,
    `${fewMs.toFixed(2)} ms`,
    `${manyMs.toFixed(2)} ms`,
    ratio.toFixed(2),
    ratio <= ratioMax ? 'reached' : 'above it',
  ]);
  const head = ['request', 'tags', 'cache', `at ${few}`, `at ${many}`, 'ratio', `aim ≤ ${ratioMax}`];
  return markdownTable(head, cells);
}
