/**
 * T10. Proves that an upload completes with exactly the bytes that were acknowledged, or is refused cleanly, whatever
 * happens to it: chunks of any size, connections cut at any byte, chunks sent twice, gaps, restarts from byte 0,
 * several requests from one place, wrong digests, tokens that expire, the other serving thread, a server that is
 * stopped or killed with a body on its way. Afterwards no unfinished upload, no object without a row and no open file
 * is left, beyond one object for each request that a kill has cut off, which means nothing (design: bytes without a
 * row). The planted bugs show that the check sees a stale prefix digest, a missing compare-and-set, and a shared
 * object.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Patch, withPatchedSource } from '../process/patched-source.ts';
import { scratchFolder } from '../process/scratch-folder.ts';
import { leftBehind } from './left-behind.ts';
import { propertyFailure } from './property-failure.ts';
import { startRestartable } from './restartable-server.ts';
import { seedOfRun } from './seeded-random.ts';
import { descriptorsOf } from './server-resources.ts';
import { isFullSize, sized } from './test-size.ts';
import { uploadPlans } from './upload-actions.ts';
import { runUploadPlan, type UploadTally } from './upload-session.ts';

const seed = seedOfRun();
const plans = sized({ ci: 60, full: 2000 });

/** No bug: only the lifetime of tokens is too long for this test's patience as it stands. */
const shortTokens: Patch = {
  file: 'packages/server/src/identity-limits.ts',
  replace: [
    ['accessTokenSeconds: { value: 4500,', 'accessTokenSeconds: { value: 2,'],
    ['accessTokenReuseSeconds: {\n    value: 60,', 'accessTokenReuseSeconds: {\n    value: 0,'],
    ['clockSkewSeconds: {\n    value: 60,', 'clockSkewSeconds: {\n    value: 0,'],
  ],
};

interface Checked {
  /** What went wrong first, or nothing. */
  readonly failure: string;
  readonly tally: UploadTally;
  readonly kills: number;
}

function checkUploads(
  bugs: readonly Patch[],
  options: { readonly plans: number; readonly shrinks?: boolean },
): Promise<Checked> {
  return withPatchedSource([shortTokens, ...bugs], async (project) => {
    await using folder = await scratchFolder();
    const args = ['--workers', '2', '--drain-seconds', '0', '--log-level', 'warn'];
    await using server = await startRestartable({ data: folder.path, project, args });
    const tally: UploadTally = { plans: 0, requests: 0, cuts: 0, killedRequests: 0, expiredTokens: 0 };
    const property = fc.asyncProperty(uploadPlans, (plan) => runUploadPlan(server, plan, tally));
    const details = await fc.check(property, {
      seed,
      numRuns: options.plans,
      endOnFailure: options.shrinks !== true,
    });
    const result = { tally, kills: server.endings.SIGKILL };
    const failure = propertyFailure(details);
    if (failure !== '') return { ...result, failure };
    expect((await descriptorsOf(server.now.pid)).objectsWritten).toBe(0);
    const { code } = await server.now.end('SIGTERM');
    expect(code).toBe(0);
    const { objectsWithoutRow, ...left } = await leftBehind(folder.path);
    expect(left).toEqual({
      openUploads: 0,
      objectsMissing: [],
      segmentsWithoutOwner: 0,
      blobsWithGaps: [],
      sharedObjects: [],
    });
    expect(objectsWithoutRow.length).toBeLessThanOrEqual(tally.killedRequests);
    return { ...result, failure: '' };
  });
}

test('an upload completes with the right bytes or ends cleanly, whatever happens to it', async () => {
  const { failure, tally, kills } = await checkUploads([], { plans, shrinks: isFullSize });
  expect(failure).toBe('');
  expect(tally.plans).toBe(plans);
  console.log(
    `${tally.plans} uploads in ${tally.requests} requests: ${tally.cuts} cut off, ${kills} kills, ` +
      `${tally.expiredTokens} expired tokens`,
  );
});

interface PlantedBug {
  readonly patches: readonly Patch[];
  /** How it shows. */
  readonly shows: RegExp;
}

const planted: Record<string, PlantedBug> = {
  'the digest of a prefix stays when bytes are added that it does not cover': {
    patches: [
      {
        file: 'packages/server/src/registry/receive-body.ts',
        replace: [
          [
            'hash === undefined ? null : digestOf(hash)',
            'hash === undefined ? received.prefixDigest : digestOf(hash)',
          ],
        ],
      },
    ],
    shows: /finishing: 400 .*DIGEST_INVALID/,
  },
  'two requests may go on from one offset': {
    patches: [
      {
        file: 'packages/server/src/storage/database/commands/uploads.ts',
        replace: [['if (offsetBytes !== upload.expectedOffsetBytes) {', 'if (Number.isNaN(offsetBytes)) {']],
      },
    ],
    // Where both begin at one byte, the key of the table of segments is the second line of defence.
    shows: /500 instead of 416|Several requests went on|It stands at|bytes were acknowledged|other bytes/,
  },
  'the attempts at an upload share its object': {
    patches: [
      {
        file: 'packages/server/src/storage/blobs/stored-blobs.ts',
        replace: [['object: newId(),', 'object: blob,']],
      },
      {
        file: 'packages/server/src/storage/blobs/filesystem-objects.ts',
        replace: [['constants.O_CREAT | constants.O_EXCL |', 'constants.O_CREAT |']],
      },
    ],
    shows: /The storage of the registry failed|hang up|aborted|ECONNRESET/,
  },
};

// A planted bug shows itself by chance: several tries to see it, each of which must begin afresh.
describe('the check turns red when', { retry: 3 }, () => {
  for (const [name, { patches, shows }] of Object.entries(planted)) {
    test(name, async () => {
      const { failure } = await checkUploads(patches, { plans: 100 });
      expect(failure).toMatch(shows);
    });
  }
});
