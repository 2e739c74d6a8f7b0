import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchOptions } from '../bench-options.ts';
import { cpuText, type Measurement, measure } from '../measure.ts';
import { markdownTable } from '../report.ts';
import { type ServerKind, serverKinds } from '../servers/bench-server.ts';
import { ServerPool } from '../servers/server-pool.ts';
import { type Workload, type WorkloadName, workloads } from '../workloads.ts';
import { type CpuProfile, type ProfileShares, profileShares, type Shares } from './profile-shares.ts';

export interface ProfileOptions extends BenchOptions {
  readonly program: string;
  readonly clientFlags: readonly string[];
  readonly print: (line: string) => void;
}

/** Runs each work against a fresh Cerulean under Node's profiler, and prints where each thread's time went. */
export async function profileWorkloads(options: ProfileOptions): Promise<void> {
  for (const name of options.workloads) {
    const workload: Workload = workloads[name];
    for (const kind of workload.servers) {
      if (serverKinds[kind].product === 'cerulean') await profileOne(options, { name, workload, kind });
    }
  }
}

async function profileOne(
  options: ProfileOptions,
  work: { readonly name: WorkloadName; readonly workload: Workload; readonly kind: ServerKind },
): Promise<void> {
  const { name, workload, kind } = work;
  const folder = join(options.folder, 'profiles', `${name}-${kind}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const measured = await measureProfiled(options, { workload, kind, folder });
  const { ops, seconds, serverCpu, clientCpuSeconds } = measured;
  options.print(
    `\n## ${name}, ${serverKinds[kind].title}: ${(ops / seconds).toFixed(1)}/s, server ${cpuText(serverCpu)} and client ${clientCpuSeconds.toFixed(2)} CPU-s in ${seconds.toFixed(2)} s`,
  );
  for (const [role, profiles] of await readProfiles(folder)) {
    printRole(options, { role, shares: profileShares(profiles, measured.windowUs), measured });
  }
}

/** Node names a profile by date, time, process and thread; main starts the writer first, then the serving threads. */
async function readProfiles(folder: string): Promise<Map<string, CpuProfile[]>> {
  const byRole = new Map<string, CpuProfile[]>();
  for (const file of (await readdir(folder)).toSorted()) {
    const thread = Number(/^CPU\.\d+\.\d+\.\d+\.(\d+)\./.exec(file)?.[1]);
    const role = ['main', 'writer'][thread] ?? 'serving threads';
    const profile = JSON.parse(await readFile(join(folder, file), 'utf8')) as CpuProfile;
    byRole.set(role, [...(byRole.get(role) ?? []), profile]);
  }
  return byRole;
}

/** The profiles are written when the server has ended, which it has when this returns. */
async function measureProfiled(
  options: ProfileOptions,
  { workload, kind, folder }: { workload: Workload; kind: ServerKind; folder: string },
): Promise<Measurement> {
  await using pool = await ServerPool.open(options.folder, folder);
  const flags = [...workload.flags(options.size), ...options.clientFlags];
  return await measure(await pool.get(kind), { program: options.program, row: workload.row, flags });
}

function printRole(
  { print }: ProfileOptions,
  part: { readonly role: string; readonly shares: ProfileShares; readonly measured: Measurement },
): void {
  const { role, shares, measured } = part;
  const { busyUs } = shares;
  const windowUs = measured.windowUs[1] - measured.windowUs[0];
  print(`\n### ${role}: busy ${(busyUs / 1e6).toFixed(2)} s in ${(windowUs / 1e6).toFixed(2)} s`);
  if (busyUs < windowUs / 50) return;
  const table = (title: string, list: Shares, count: number): string =>
    markdownTable(
      ['share', title],
      list.slice(0, count).map(([name, us]) => [`${((100 * us) / busyUs).toFixed(1)} %`, name]),
    );
  print(table('in the function itself', shares.self, 20));
  print(`\n${table('by module', shares.byModule, 20)}`);
  print(`\n${table('with all that it calls', shares.total, 25)}`);
}
