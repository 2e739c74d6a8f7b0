import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { scratchFolder } from '../process/scratch-folder.ts';
import { runCommand } from '../tools/run-command.ts';
import { crashAgainAndAgain, Survival, type Survived } from './crash-loop.ts';
import type { Deployment } from './deployment.ts';
import { LoopFilesystem } from './loop-filesystem.ts';
import { sized } from './test-size.ts';
import { whileStandingStill } from './while-standing-still.ts';
import { between, workAtRandom } from './workload.ts';

export interface PowerCutLoop {
  readonly deployment: Deployment;
  readonly project?: string;
  readonly isDone: (cuts: number) => boolean;
}

/** Cuts the power under a loaded server at random moments: what was not synced is gone, as on a real machine. */
export async function cutPowerUnderLoad({ deployment, project, isDone }: PowerCutLoop): Promise<Survived> {
  await using folder = await scratchFolder();
  // Nothing reclaims bytes yet, and a full disk would refuse the work of later rounds.
  await using disk = await LoopFilesystem.create(folder.path, sized({ ci: 256, full: 2048 }) * 1024 ** 2);
  const data = join(disk.folder, 'data');
  await deployment.copyTo(data);
  await runCommand('sync', ['-f', data]);
  const survival = new Survival({ launch: { data, project, workers: 2 }, deployment, scratch: folder.path });
  return await crashAgainAndAgain({
    survival,
    work: workAtRandom,
    crash: async (server) => {
      await whileStandingStill(server.pid, () => disk.cutPower());
      // Some requests are still answered: what is told after the cut must not be lost either.
      await sleep(between(0, 50));
      await server.kill();
      await disk.mountAgain();
    },
    workMs: () => between(200, 2500),
    isDone,
  });
}
