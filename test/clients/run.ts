/**
 * Runs the tests with other people's clients: `node bin/run.mjs test/clients/run.ts [VITEST ARGUMENT…]`.
 * They run in a network that has loopback only, against a server with a fresh data folder, and leave nothing
 * behind. Without root the namespaces can't be made, and the run fails with unshare's own message.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installTools } from '../tools/install-tools.ts';
import { projectFolder, startCerulean } from '../tools/start-cerulean.ts';
import { clientToolNames } from '../tools/tools.ts';
import {
  hideContainersFolder,
  isInSealedNetwork,
  openLoopback,
  runSelfInSealedNetwork,
} from './sealed-network.ts';

const vitest = join(projectFolder, 'node_modules', 'vitest', 'vitest.mjs');

async function runInside(vitestArgs: readonly string[], temporaryFolder: string): Promise<number> {
  await openLoopback();
  await hideContainersFolder();
  await using cerulean = await startCerulean();
  const args = [vitest, 'run', '--config', 'test/clients/vitest.config.ts', ...vitestArgs];
  const child = spawn(process.execPath, args, {
    cwd: projectFolder,
    stdio: 'inherit',
    env: {
      ...process.env,
      CERULEAN_TEST_HOST: cerulean.host,
      CERULEAN_TEST_USER: cerulean.user,
      CERULEAN_TEST_PASSWORD: cerulean.password,
      CERULEAN_TEST_FOLDER: temporaryFolder,
    },
  });
  const [code] = await once(child, 'exit');
  if (code !== 0)
    process.stdout.write(`What the server complained of last:\n${complaints(cerulean.logTail())}\n`);
  return typeof code === 'number' ? code : 1;
}

/** Lines of the log but those of ordinary requests, which tell nothing about a failure. */
function complaints(log: string): string {
  const lines = log.split('\n').filter((line) => !line.includes('"level":"info"'));
  return lines.length > 0 ? lines.join('\n') : 'nothing';
}

const args = process.argv.slice(2);
if (isInSealedNetwork()) {
  process.exitCode = await runInside(args, process.env['TMPDIR'] ?? tmpdir());
} else {
  // Inside, nothing can be fetched any more.
  await installTools(clientToolNames, (line) => process.stdout.write(`${line}\n`));
  const folder = await mkdtemp(join(tmpdir(), 'cerulean-clients-'));
  // Everything that the run writes lies here, so it can go once the namespaces with their mounts are gone.
  process.env['TMPDIR'] = folder;
  try {
    process.exitCode = await runSelfInSealedNetwork(import.meta.filename, args);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
