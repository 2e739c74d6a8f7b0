import { join } from 'node:path';
import { scratchFolder } from '../process/scratch-folder.ts';
import { crashAgainAndAgain, Survival, type Survived } from './crash-loop.ts';
import type { Deployment } from './deployment.ts';
import { between, workAtRandom } from './workload.ts';

export interface KillLoop {
  readonly deployment: Deployment;
  readonly project?: string;
  readonly isDone: (kills: number) => boolean;
}

/** Kills a server under load at random moments (SIGKILL), as a machine's memory killer does. */
export async function killUnderLoad({ deployment, project, isDone }: KillLoop): Promise<Survived> {
  await using folder = await scratchFolder();
  const data = join(folder.path, 'data');
  await deployment.copyTo(data);
  const survival = new Survival({ launch: { data, project, workers: 2 }, deployment, scratch: folder.path });
  return await crashAgainAndAgain({
    survival,
    work: workAtRandom,
    crash: async (server) => void (await server.kill()),
    workMs: () => between(50, 1500),
    isDone,
  });
}
