import fc from 'fast-check';

/** What a client, or the world, may do to an upload. Sizes are in bytes, moments in milliseconds. */
export type UploadAction =
  /** The next bytes, in the usual way. */
  | { readonly kind: 'append'; readonly size: number; readonly framing: Framing }
  /** The connection is cut when this share of the body was sent. */
  | { readonly kind: 'cut'; readonly size: number; readonly share: number; readonly afterMs: number }
  /** The chunk before is sent once more, as a client does that missed the answer. */
  | { readonly kind: 'duplicate' }
  /** A chunk that leaves a gap. */
  | { readonly kind: 'gap'; readonly gap: number }
  /** All over again, from byte 0. */
  | { readonly kind: 'fromZero'; readonly size: number }
  /** Several requests go on from one place, each with bytes of its own. */
  | { readonly kind: 'parallel'; readonly sizes: readonly number[]; readonly isRanged: boolean }
  /** The upload is to be finished by a digest that it does not have. */
  | { readonly kind: 'wrongDigest'; readonly size: number }
  /** The server is ended, perhaps with a body on its way, and started again. */
  | { readonly kind: 'restart'; readonly signal: 'SIGTERM' | 'SIGKILL'; readonly size: number }
  | { readonly kind: 'tokenExpires' }
  /** The upload is cancelled, and another takes its place. */
  | { readonly kind: 'cancel' };

/** How a body comes: with a Content-Range and a length, with a length, or in chunks. */
export type Framing = 'range' | 'length' | 'chunked';

export interface UploadPlan {
  /** What the upload is started for. */
  readonly algorithm: 'sha256' | 'sha512' | undefined;
  readonly actions: readonly UploadAction[];
  readonly finish: {
    readonly algorithm: 'sha256' | 'sha512';
    /** Bytes that come with the PUT. */
    readonly size: number;
    readonly framing: Framing;
  };
}

const KiB = 1024;
const MiB = 1024 * KiB;

/** Around what is stored in another way: a row or an object, a chunk, a piece of staging. */
const edges = [32 * KiB, 64 * KiB, 128 * KiB, MiB].flatMap((edge) => [edge - 1, edge, edge + 1]);
const size = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...edges) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 300 * KiB }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 16 }) },
);
const framing = fc.constantFrom<Framing>('range', 'length', 'chunked');
const kindOf = <Kind extends UploadAction['kind']>(kind: Kind) => fc.constant(kind);

const action: fc.Arbitrary<UploadAction> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: kindOf('append'), size, framing }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: kindOf('cut'),
      size,
      share: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      afterMs: fc.constantFrom(0, 0, 20),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: kindOf('duplicate') }) },
  { weight: 2, arbitrary: fc.record({ kind: kindOf('gap'), gap: fc.integer({ min: 1, max: 100_000 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: kindOf('fromZero'), size }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: kindOf('parallel'),
      sizes: fc.array(size, { minLength: 2, maxLength: 3 }),
      isRanged: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: kindOf('wrongDigest'), size: fc.oneof(fc.constant(0), size) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: kindOf('restart'),
      signal: fc.constantFrom('SIGTERM' as const, 'SIGKILL' as const),
      size,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('tokenExpires') }) },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('cancel') }) },
);

export const uploadPlans: fc.Arbitrary<UploadPlan> = fc.record({
  algorithm: fc.constantFrom(undefined, 'sha256' as const, 'sha512' as const),
  actions: fc.array(action, { minLength: 1, maxLength: 7, size: 'max' }),
  finish: fc.record({
    algorithm: fc.constantFrom('sha256' as const, 'sha256' as const, 'sha512' as const),
    size: fc.oneof(fc.constant(0), size),
    framing,
  }),
});
