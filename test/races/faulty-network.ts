/** A server that is reached through a network with faults, and a look at what these have left in it. */
import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { eventually } from '../process/eventually.ts';
import { operateJson } from '../process/operator.ts';
import { type Patch, withPatchedSource } from '../process/patched-source.ts';
import { adminOf, expectStatus, RegistryClient } from '../process/registry-client.ts';
import { scratchFolder } from '../process/scratch-folder.ts';
import { type ServerProcess, startServer } from '../process/server-process.ts';
import { type Descriptors, descriptorsOf, tellsTimers, timersOf } from './server-resources.ts';
import { type FaultyNetwork, startFaultyNetwork } from './toxiproxy.ts';

/** Clients of one server, with a network between it and one of them. */
export interface Apart {
  readonly server: ServerProcess;
  readonly network: FaultyNetwork;
  /** What the server has open when nobody wants anything of it. */
  readonly resting: Descriptors;
  /** A client without the network between. */
  readonly near: RegistryClient;
  /** A client that goes through the network. */
  readonly far: RegistryClient;
}

/** No bug: only the patience of the server is too long for these tests. */
const impatient: Patch = {
  file: 'packages/server/src/limits.ts',
  replace: [
    ['bodyIdleMs: {\n    value: 60_000,', 'bodyIdleMs: {\n    value: 2_000,'],
    ['responseIdleMs: {\n    value: 60_000,', 'responseIdleMs: {\n    value: 2_000,'],
  ],
};

/** Starts an impatient server, with the given bugs in it, and a network; ends both afterwards. */
export async function withFaultyNetwork(
  bugs: readonly Patch[],
  check: (apart: Apart) => Promise<void>,
): Promise<void> {
  await withPatchedSource([tellsTimers, impatient, ...bugs], async (project) => {
    await using folder = await scratchFolder();
    const args = ['--workers', '2', '--log-level', 'warn'];
    await using server = await startServer({ data: folder.path, project, args });
    await using network = await startFaultyNetwork(server, folder.path);
    const near = adminOf(server);
    const far = new RegistryClient({ url: network.url }, { user: 'cerulean', password: server.password });
    // Once through all that keeps something open on purpose.
    const digest = await near.pushBlob('some/where', randomBytes(1024 * 1024));
    for (let round = 0; round < 4; round += 1) expectStatus(await far.getBlob('some/where', digest), 200);
    let resting = await descriptorsOf(server.pid);
    await eventually(async () => {
      resting = await descriptorsOf(server.pid);
      expect(resting.objectsWritten).toBe(0);
      expect(timersOf(server)).toBe(0);
    });
    await check({ server, network, resting, near, far });
  });
}

/** Waits until the server has closed its connections and stopped its timers. */
export async function expectReleased({ server, resting }: Apart, withinMs?: number): Promise<void> {
  await eventually(async () => {
    const { sockets, objectsWritten } = await descriptorsOf(server.pid);
    if (sockets > resting.sockets)
      throw new Error(`${sockets - resting.sockets} sockets are still open that were not before`);
    expect(objectsWritten).toBe(0);
    expect(timersOf(server)).toBe(0);
  }, withinMs);
}

/** Expects that nothing is open any more that was not before, and no upload is unfinished. */
export async function expectNothingLeft(apart: Apart): Promise<void> {
  const { server, network, resting } = apart;
  await network.heal();
  await expectReleased(apart);
  await eventually(async () => expect((await descriptorsOf(server.pid)).others).toBe(resting.others));
  const { uploadsUnfinished } = await operateJson<{ uploadsUnfinished: number }>(server, 'status');
  expect(uploadsUnfinished).toBe(0);
}
