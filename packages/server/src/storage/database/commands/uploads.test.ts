import { expect, test } from 'vitest';
import { isRefusal } from '../../../errors.ts';
import { limits } from '../../../limits.ts';
import type { AppendUpload, FinishUpload, SegmentFacts } from '../../../registry/commands.ts';
import {
  describeDialects,
  testAdmin,
  testDigest,
  testId,
  testNow,
  testRegistry,
} from '../open-test-database.ts';

const digest = testDigest('blob');

describeDialects('uploads', (open) => {
  test('bytes of several requests become one blob, whose segments are in order', async () => {
    await using database = await open();
    await database.run('appendUpload', append({ segments: [segment(0, 10, 'a')], offsetBytes: 10 }));
    expect(await database.reader.findUpload(testId('b'))).toMatchObject({
      offsetBytes: 10,
      state: 'open',
      principal: testAdmin,
    });
    await database.run(
      'finishUpload',
      finish({ expectedOffsetBytes: 10, segments: [segment(10, 5, 'c')], sizeBytes: 15 }),
    );
    const repository = await database.reader.findRepository(testRegistry, 'app');
    const blob = await database.reader.findBlob(repository?.id ?? '', digest);
    expect(blob).toEqual({ id: testId('b'), digest, sizeBytes: 15 });
    const segments = await database.reader.segments(testId('b'));
    expect(segments.map((row) => [row.startBytes, row.lengthBytes])).toEqual([
      [0, 10],
      [10, 5],
    ]);
    expect(Buffer.from(segments[0]?.keyBox ?? [])).toEqual(Buffer.from([7, 8]));
  });

  test('of two parallel writers from one offset exactly one wins, and the other learns where the upload stands', async () => {
    await using database = await open();
    await database.run('appendUpload', append({ segments: [segment(0, 10, 'a')], offsetBytes: 10 }));
    const both = await Promise.allSettled(
      ['c', 'd'].map((id) =>
        database.run(
          'appendUpload',
          append({ expectedOffsetBytes: 10, segments: [segment(10, 5, id)], offsetBytes: 15 }),
        ),
      ),
    );
    expect(both.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    const loser = both.find((result) => result.status === 'rejected');
    expect(isRefusal(loser?.reason, 'upload_offset') && loser.reason.detail).toEqual({ offsetBytes: 15 });
    expect(await database.reader.segments(testId('b'))).toHaveLength(2);
  });

  test('an upload belongs to its registry, repository and principal; to anybody else it is not there', async () => {
    await using database = await open();
    await database.run('appendUpload', append({ segments: [segment(0, 10, 'a')], offsetBytes: 10 }));
    const foreign = [{ principal: testId('ee') }, { repositoryName: 'other' }];
    for (const change of foreign) {
      const attempt = database.run(
        'finishUpload',
        finish({ ...change, expectedOffsetBytes: 10, sizeBytes: 10 }),
      );
      await expect(attempt).rejects.toMatchObject({ code: 'upload_unknown' });
      await expect(database.run('cancelUpload', { ...identity, ...change })).rejects.toMatchObject({
        code: 'upload_unknown',
      });
    }
    expect(await database.reader.findUpload(testId('b'))).toMatchObject({ state: 'open', offsetBytes: 10 });
  });

  test('a finished or cancelled upload can not be used again', async () => {
    await using database = await open();
    await database.run('finishUpload', finish({ segments: [segment(0, 5, 'a')], sizeBytes: 5 }));
    await expect(
      database.run('appendUpload', append({ segments: [segment(0, 5, 'c')], offsetBytes: 5 })),
    ).rejects.toMatchObject({
      code: 'upload_unknown',
    });
    const cancelled = { ...identity, blob: testId('bb') };
    await database.run('cancelUpload', cancelled);
    await expect(database.run('finishUpload', finish({ blob: testId('bb') }))).rejects.toMatchObject({
      code: 'upload_unknown',
    });
  });

  test('the second blob of a digest links the first and gives its own bytes to the trash', async () => {
    await using database = await open();
    await database.run('finishUpload', finish({ segments: [segment(0, 5, 'a')], sizeBytes: 5 }));
    const second = {
      blob: testId('b2'),
      repositoryName: 'other',
      segments: [segment(0, 5, 'c')],
      sizeBytes: 5,
    };
    expect(await database.run('finishUpload', finish(second))).toEqual({
      blob: testId('b'),
      deduplicated: true,
    });
    expect(await database.run('listTrash', { limit: 10 })).toEqual([objectOf('c')]);
    expect(await database.reader.segments(testId('b2'))).toEqual([]);
    const other = await database.reader.findRepository(testRegistry, 'other');
    expect(await database.reader.findBlob(other?.id ?? '', digest)).toMatchObject({ id: testId('b') });
  });

  test('an expired upload goes with its segments, and its object goes to the trash; others stay', async () => {
    await using database = await open();
    await database.run('appendUpload', append({ segments: [segment(0, 10, 'a')], offsetBytes: 10 }));
    const later = append({
      blob: testId('b2'),
      expiresAt: testNow + 10_000,
      segments: [segment(0, 10, 'c')],
      offsetBytes: 10,
    });
    await database.run('appendUpload', later);
    expect(await database.run('expireUploads', { limit: 10 }, testNow + 5000)).toEqual({ expired: 1 });
    expect(await database.reader.findUpload(testId('b'))).toBeUndefined();
    expect(await database.run('listTrash', { limit: 10 })).toEqual([objectOf('a')]);
    expect(await database.reader.findUpload(testId('b2'))).toBeDefined();
  });

  test('a finished upload that expires leaves its blob alone', async () => {
    await using database = await open();
    await database.run('finishUpload', finish({ segments: [segment(0, 5, 'a')], sizeBytes: 5 }));
    await database.run('expireUploads', { limit: 10 }, testNow + 5000);
    expect(await database.reader.segments(testId('b'))).toHaveLength(1);
    expect(await database.run('listTrash', { limit: 10 })).toEqual([]);
  });

  test('unfinished uploads of one identity are bounded, and finishing one makes room', async () => {
    await using database = await open();
    const all = Array.from({ length: limits.uploadsOpenMax }, (_, index) =>
      database.run('appendUpload', numbered(index)),
    );
    await Promise.all(all);
    const one = numbered(limits.uploadsOpenMax);
    await expect(database.run('appendUpload', one)).rejects.toMatchObject({ code: 'upload_limit' });
    await database.run('appendUpload', { ...one, principal: testId('ee') });
    await database.run(
      'finishUpload',
      finish({ ...numbered(0), expectedOffsetBytes: 1, segments: [], sizeBytes: 1 }),
    );
    await database.run('appendUpload', { ...numbered(limits.uploadsOpenMax + 1) });
  });

  test('a mount links a blob of the same registry only', async () => {
    await using database = await open();
    await database.run('finishUpload', finish({ segments: [segment(0, 5, 'a')], sizeBytes: 5 }));
    const mount = { registry: testRegistry, repositoryName: 'new', digest, from: 'app' };
    expect(await database.run('mountBlob', { ...mount, from: 'nowhere' })).toEqual({ mounted: false });
    expect(await database.reader.findRepository(testRegistry, 'new')).toBeUndefined();
    expect(await database.run('mountBlob', mount)).toEqual({ mounted: true });
    const linking = await database.reader.listRepositoriesLinking(testRegistry, digest, 10);
    expect(new Set(linking)).toEqual(new Set(['app', 'new']));
    expect(await database.reader.listRepositoriesLinking(testId('a2'), digest, 10)).toEqual([]);
  });
});

const identity = {
  blob: testId('b'),
  registry: testRegistry,
  repositoryName: 'app',
  principal: testAdmin,
  algorithm: 'sha256',
  expiresAt: testNow + 1000,
};

const append = (change: Partial<AppendUpload>): AppendUpload => ({
  ...identity,
  expectedOffsetBytes: 0,
  segments: [],
  offsetBytes: 0,
  prefixDigest: null,
  ...change,
});

const finish = (change: Partial<FinishUpload>): FinishUpload => ({
  ...identity,
  expectedOffsetBytes: 0,
  segments: [],
  sizeBytes: 0,
  digest,
  ...change,
});

const objectOf = (id: string): string => testId(`0b${id}`);

const segment = (startBytes: number, lengthBytes: number, id: string): SegmentFacts => ({
  id: testId(id),
  startBytes,
  lengthBytes,
  cipher: 1,
  inlineBox: null,
  object: objectOf(id),
  objectOffset: 0,
  keyBox: new Uint8Array([7, 8]),
});

/** A one-byte upload whose ids are made from a number. */
function numbered(index: number): AppendUpload {
  const hex = index.toString(16).padStart(8, '0');
  return append({
    blob: testId(hex),
    segments: [segment(0, 1, hex)],
    offsetBytes: 1,
    expectedOffsetBytes: 0,
  });
}
