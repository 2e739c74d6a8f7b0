/** Uploads: bytes that arrive in several requests, and the blob that they become. */
import { RegistryError } from '../../../errors.ts';
import { limits } from '../../../limits.ts';
import type { FinishUpload, SegmentFacts, UploadIdentity } from '../../../registry/commands.ts';
import { refuseUnwritable } from '../../../registry/content-flags.ts';
import type { Transaction } from '../queries.ts';
import { openUploads } from '../read-statements.ts';
import { statement } from '../statement.ts';
import { linkBlob } from './blobs.ts';
import { type CommandBody, touchedRepository } from './command.ts';
import { lockOrMakeRepository, lockRegistry } from './locks.ts';

/** Records the segments that a request brought. Of two that continue from one offset, one wins. */
export const appendUpload: CommandBody<'appendUpload'> = async (tx, input, context) => {
  await lockRegistry(tx, input.registry);
  refuseTooLarge(input.offsetBytes);
  const row = await claimOffset(tx, input);
  const addedBytes = input.offsetBytes - input.expectedOffsetBytes;
  await refuseTooMuch(tx, { principal: input.principal, addedBytes, isNew: row === undefined });
  await addSegments(tx, input.blob, input.segments);
  const segments = (row?.segments ?? 0) + input.segments.length;
  const stand = { offset: input.offsetBytes, prefix: input.prefixDigest, segments, now: context.now };
  if (row !== undefined) await tx.run(moveUpload, { blob: input.blob, ...stand });
  else await tx.run(makeUpload, { ...identityRow(input), ...stand });
  return { value: { offsetBytes: input.offsetBytes } };
};

/** Makes the blob of all segments, or links the one that the registry already has of this digest. */
export const finishUpload: CommandBody<'finishUpload'> = async (tx, input, context) => {
  await lockRegistry(tx, input.registry);
  const repository = await lockOrMakeRepository(
    tx,
    { registry: input.registry, name: input.repositoryName },
    { newId: context.newId, now: context.now },
  );
  refuseUnwritable(repository.flags);
  refuseTooLarge(input.sizeBytes);
  await claimOffset(tx, input);
  await addSegments(tx, input.blob, input.segments);
  const { blob, deduplicated } = await settleBlob(tx, input, context.now);
  await tx.run(closeUpload, {
    ...identityRow(input),
    offset: input.sizeBytes,
    state: 'done',
    now: context.now,
  });
  const linked = await linkBlob(tx, {
    repository: repository.id,
    digest: input.digest,
    blob,
    now: context.now,
  });
  return {
    value: { blob, deduplicated },
    touched: [touchedRepository(input.registry, input.repositoryName)],
    event: {
      registry: input.registry,
      kind: 'blob.put',
      repository,
      payload: { digest: input.digest, size: input.sizeBytes, linked, deduplicated },
    },
  };
};

/** Ends an upload; its token can't be used again. What it stored goes to the trash. */
export const cancelUpload: CommandBody<'cancelUpload'> = async (tx, input, context) => {
  await lockRegistry(tx, input.registry);
  const row = await tx.one(lockUpload, { blob: input.blob });
  if (row !== undefined) refuseForeignOrEnded(row, input);
  await discardSegments(tx, {
    blob: input.blob,
    registry: input.registry,
    reason: 'upload cancelled',
    now: context.now,
  });
  await tx.run(closeUpload, { ...identityRow(input), offset: 0, state: 'cancelled', now: context.now });
  return { value: { cancelled: true } };
};

/** Removes uploads whose time is over, a batch in byte order of their ids. */
export const expireUploads: CommandBody<'expireUploads'> = async (tx, input, context) => {
  const due = await tx.all(expiredUploads, { now: context.now, limit: input.limit });
  for (const upload of due) {
    if (upload.state === 'open') {
      await discardSegments(tx, {
        blob: upload.blob,
        registry: upload.registry,
        reason: 'upload expired',
        now: context.now,
      });
    }
    await tx.run(removeUpload, { blob: upload.blob });
  }
  return { value: { expired: due.length } };
};

function refuseTooLarge(bytes: number): void {
  if (bytes <= limits.layerBytesMax) return;
  throw new RegistryError('blob_too_large', `A blob may have at most ${limits.layerBytesMax} bytes.`, {
    maxBytes: limits.layerBytesMax,
  });
}

interface UploadState {
  readonly registry: string;
  readonly repository_name: string;
  readonly principal: string;
  readonly byte_offset: number;
  readonly segments: number;
  readonly state: string;
}

/**
 * Checks that the upload stands where the caller thinks and has room for his segments; its row, if it has one yet.
 * @throws upload_unknown, upload_offset, upload_limit
 */
async function claimOffset(
  tx: Transaction,
  upload: UploadIdentity & {
    readonly expectedOffsetBytes: number;
    readonly segments: readonly SegmentFacts[];
  },
): Promise<UploadState | undefined> {
  const row = await tx.one(lockUpload, { blob: upload.blob });
  if (row !== undefined) refuseForeignOrEnded(row, upload);
  const offsetBytes = row?.byte_offset ?? 0;
  if (offsetBytes !== upload.expectedOffsetBytes) {
    throw new RegistryError(
      'upload_offset',
      `The upload stands at byte ${offsetBytes}: continue from there.`,
      { offsetBytes },
    );
  }
  if ((row?.segments ?? 0) + upload.segments.length > limits.uploadSegmentsMax) {
    const max = limits.uploadSegmentsMax;
    throw new RegistryError(
      'upload_limit',
      `The upload came in ${max} pieces, which is the most: begin it again with larger chunks.`,
      { max },
    );
  }
  return row;
}

function refuseForeignOrEnded(row: UploadState, upload: UploadIdentity): void {
  const own =
    row.registry === upload.registry &&
    row.repository_name === upload.repositoryName &&
    row.principal === upload.principal;
  if (!own || row.state !== 'open')
    throw new RegistryError('upload_unknown', 'blob upload unknown to registry');
}

/** Unfinished uploads of one identity are bounded in number and in bytes. @throws upload_limit */
async function refuseTooMuch(
  tx: Transaction,
  more: { readonly principal: string; readonly addedBytes: number; readonly isNew: boolean },
): Promise<void> {
  const open = await tx.one(openUploads, { principal: more.principal });
  const count = (open?.count ?? 0) + (more.isNew ? 1 : 0);
  const bytes = (open?.bytes ?? 0) + more.addedBytes;
  if (count <= limits.uploadsOpenMax && bytes <= limits.uploadBytesOpenMax) return;
  throw new RegistryError(
    'upload_limit',
    `Your unfinished uploads would be ${count} with ${bytes} bytes; finish or cancel some (they expire after a week).`,
    { count, countMax: limits.uploadsOpenMax, bytes, bytesMax: limits.uploadBytesOpenMax },
  );
}

async function addSegments(tx: Transaction, blob: string, segments: readonly SegmentFacts[]): Promise<void> {
  for (const segment of segments) {
    await tx.run(addSegment, {
      blob,
      start: segment.startBytes,
      length: segment.lengthBytes,
      id: segment.id,
      cipher: segment.cipher,
      inlineBox: segment.inlineBox,
      object: segment.object,
      objectOffset: segment.objectOffset,
      keyBox: segment.keyBox,
    });
  }
}

/** The first upload of a digest becomes the blob; a later one gives its own bytes to the trash. */
async function settleBlob(
  tx: Transaction,
  input: FinishUpload,
  now: number,
): Promise<{ blob: string; deduplicated: boolean }> {
  const made = await tx.run(makeBlob, {
    id: input.blob,
    registry: input.registry,
    digest: input.digest,
    size: input.sizeBytes,
    now,
  });
  if (made > 0) return { blob: input.blob, deduplicated: false };
  const existing = await tx.one(blobByDigest, { registry: input.registry, digest: input.digest });
  if (existing === undefined) throw new TypeError('A blob in whose way another stood is not there.');
  await discardSegments(tx, {
    blob: input.blob,
    registry: input.registry,
    reason: 'the registry had the blob',
    now,
  });
  return { blob: existing.id, deduplicated: true };
}

async function discardSegments(
  tx: Transaction,
  discard: {
    readonly blob: string;
    readonly registry: string;
    readonly reason: string;
    readonly now: number;
  },
): Promise<void> {
  await tx.run(trashObjects, discard);
  await tx.run(removeSegments, { blob: discard.blob });
}

type IdentityRow = {
  blob: string;
  registry: string;
  repositoryName: string;
  principal: string;
  algorithm: string;
  expiresAt: number;
};

const identityRow = (upload: UploadIdentity): IdentityRow => ({
  blob: upload.blob,
  registry: upload.registry,
  repositoryName: upload.repositoryName,
  principal: upload.principal,
  algorithm: upload.algorithm,
  expiresAt: upload.expiresAt,
});

const lockUpload = statement<{ blob: string }>()((q, p, dialect) => {
  const query = q
    .selectFrom('upload')
    .select(['registry', 'repository_name', 'principal', 'byte_offset', 'segments', 'state'])
    .where('blob', '=', p.blob);
  return dialect === 'postgres' ? query.forUpdate() : query;
});

const makeUpload = statement<
  IdentityRow & { offset: number; prefix: string | null; segments: number; now: number }
>()((q, p) =>
  q.insertInto('upload').values({
    blob: p.blob,
    registry: p.registry,
    repository_name: p.repositoryName,
    principal: p.principal,
    algorithm: p.algorithm,
    byte_offset: p.offset,
    prefix_digest: p.prefix,
    segments: p.segments,
    state: 'open',
    created_at: p.now,
    updated_at: p.now,
    expires_at: p.expiresAt,
  }),
);

const moveUpload = statement<{
  blob: string;
  offset: number;
  prefix: string | null;
  segments: number;
  now: number;
}>()((q, p) =>
  q
    .updateTable('upload')
    .set({ byte_offset: p.offset, prefix_digest: p.prefix, segments: p.segments, updated_at: p.now })
    .where('blob', '=', p.blob),
);

const closeUpload = statement<IdentityRow & { offset: number; state: string; now: number }>()((q, p) =>
  q
    .insertInto('upload')
    .values({
      blob: p.blob,
      registry: p.registry,
      repository_name: p.repositoryName,
      principal: p.principal,
      algorithm: p.algorithm,
      byte_offset: p.offset,
      prefix_digest: null,
      segments: 0,
      state: p.state,
      created_at: p.now,
      updated_at: p.now,
      expires_at: p.expiresAt,
    })
    .onConflict((conflict) =>
      conflict
        .column('blob')
        .doUpdateSet({ byte_offset: p.offset, prefix_digest: null, state: p.state, updated_at: p.now }),
    ),
);

type SegmentRow = {
  blob: string;
  start: number;
  length: number;
  id: string;
  cipher: number;
  inlineBox: Uint8Array | null;
  object: string | null;
  objectOffset: number | null;
  keyBox: Uint8Array | null;
};

const addSegment = statement<SegmentRow>()((q, p) =>
  q.insertInto('segment').values({
    blob: p.blob,
    start: p.start,
    length: p.length,
    id: p.id,
    cipher: p.cipher,
    inline_box: p.inlineBox,
    object: p.object,
    object_offset: p.objectOffset,
    key_box: p.keyBox,
  }),
);

const makeBlob = statement<{ id: string; registry: string; digest: string; size: number; now: number }>()(
  (q, p) =>
    q
      .insertInto('blob')
      .values({ id: p.id, registry: p.registry, digest: p.digest, size: p.size, created_at: p.now })
      .onConflict((conflict) => conflict.columns(['registry', 'digest']).doNothing()),
);

const blobByDigest = statement<{ registry: string; digest: string }>()((q, p) =>
  q.selectFrom('blob').select(['id']).where('registry', '=', p.registry).where('digest', '=', p.digest),
);

const trashObjects = statement<{ blob: string; registry: string; reason: string; now: number }>()((q, p) =>
  q
    .insertInto('trash')
    .columns(['object', 'registry', 'reason', 'deleted_at'])
    .expression((eb) =>
      eb
        .selectFrom('segment')
        .select((s) => [
          s.ref('segment.object').$castTo<string>().as('object'),
          s.cast<string>(s.val(p.registry), 'text').as('registry'),
          s.cast<string>(s.val(p.reason), 'text').as('reason'),
          s.cast<number>(s.val(p.now), 'bigint').as('deleted_at'),
        ])
        .distinct()
        .where('blob', '=', p.blob)
        .where('object', 'is not', null),
    )
    .onConflict((conflict) => conflict.column('object').doNothing()),
);

const removeSegments = statement<{ blob: string }>()((q, p) =>
  q.deleteFrom('segment').where('blob', '=', p.blob),
);

const expiredUploads = statement<{ now: number; limit: number }>()((q, p, dialect) => {
  const query = q
    .selectFrom('upload')
    .select(['blob', 'registry', 'state'])
    .where('expires_at', '<', p.now)
    .orderBy('expires_at')
    .limit(p.limit);
  return dialect === 'postgres' ? query.forUpdate().skipLocked() : query;
});

const removeUpload = statement<{ blob: string }>()((q, p) =>
  q.deleteFrom('upload').where('blob', '=', p.blob),
);
