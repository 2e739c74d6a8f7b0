import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freeLoopbackPort } from '../../tools/free-loopback-port.ts';
import type { BenchServer } from '../servers/bench-server.ts';
import { startCerulean } from '../servers/start-cerulean.ts';
import type { DataSetShape, Sample } from './data-set-shape.ts';
import { seedTags } from './seed-tags.ts';

/** A data folder of Cerulean with many tags, and what is needed to ask a server over it. */
export interface DataSet {
  readonly shape: DataSetShape;
  readonly sample: Sample;
  readonly databaseFile: string;
  /** Starts a server over it. */
  start(): Promise<BenchServer>;
}

/** The admin's password of servers that listen on loopback for the time of a measurement. */
const password = 'made-for-a-measurement';

/** Seeds the data set, or takes the one that an earlier run has left in the folder. */
export async function openDataSet(
  parent: string,
  shape: DataSetShape,
  print: (line: string) => void,
): Promise<DataSet> {
  const folder = join(parent, `tags-${shape.tags}-in-${shape.repositories}`);
  const sampleFile = join(folder, 'sample.json');
  const start = async (): Promise<BenchServer> =>
    startCerulean({
      kind: 'cerulean',
      folder,
      password,
      port: await freeLoopbackPort(),
      tls: undefined,
      profileFolder: undefined,
    });
  const dataFolder = join(folder, 'data');
  let sample = await readSample(sampleFile);
  if (sample === undefined) {
    // What a run that was cut short has left is of no use.
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    // The first start makes the deployment: keys, the default registry, its admin.
    await (await start())[Symbol.asyncDispose]();
    const before = process.cpuUsage();
    const begunAt = performance.now();
    sample = await seedTags(dataFolder, shape);
    const seconds = (performance.now() - begunAt) / 1000;
    const cpu = process.cpuUsage(before);
    print(
      `seeded ${shape.tags} tags in ${shape.repositories} repositories within ${seconds.toFixed(0)} s (${((cpu.user + cpu.system) / 1e6).toFixed(0)} CPU-s)`,
    );
    await writeFile(sampleFile, JSON.stringify(sample));
  }
  return { shape, sample, databaseFile: join(dataFolder, 'cerulean.db'), start };
}

async function readSample(file: string): Promise<Sample | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Sample;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
