import { join } from 'node:path';
import { scratchFolder } from '../process/scratch-folder.ts';
import { runCommand } from '../tools/run-command.ts';
import { crashAgainAndAgain, Survival, type Survived } from './crash-loop.ts';
import type { Deployment } from './deployment.ts';
import { withinCrashes } from './test-size.ts';
import { workAtRandom } from './workload.ts';

/** A server whose every larger write does half of what it should, killed after a while, again and again. */
export async function workWithShortWrites(options: {
  readonly deployment: Deployment;
  readonly project?: string;
  readonly rounds: number;
}): Promise<Survived> {
  const { deployment, project, rounds } = options;
  await using folder = await scratchFolder();
  const library = join(folder.path, 'short-writes.so');
  const source = join(import.meta.dirname, 'short-writes.c');
  await runCommand('gcc', ['-shared', '-fPIC', '-O1', '-o', library, source]);
  const data = join(folder.path, 'data');
  await deployment.copyTo(data);
  const launch = { data, project, environment: { LD_PRELOAD: library } };
  return await crashAgainAndAgain({
    survival: new Survival({ launch, deployment, scratch: folder.path }),
    work: workAtRandom,
    crash: async (server) => void (await server.kill()),
    workMs: () => 2_000,
    isDone: withinCrashes(rounds),
  });
}
