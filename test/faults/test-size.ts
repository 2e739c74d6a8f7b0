/**
 * How much a run does: `CERULEAN_TEST_SIZE=ci` some minutes in all, otherwise the full size, in which
 * `CERULEAN_FAULT_MINUTES` are shared by the tests that crash at random moments.
 */
const isCi = process.env['CERULEAN_TEST_SIZE'] === 'ci';
const minutes = Number(process.env['CERULEAN_FAULT_MINUTES'] ?? 60);

/** No test here takes longer unless something hangs; machines that are busy with other things are slow. */
export const testMsMax = 900_000 + (isCi ? 0 : minutes * 60_000);

/** When a test that crashes at random has done enough: after so many at CI size, after its share of time otherwise. */
export function enough(size: { readonly ci: number; readonly share: number }): (done: number) => boolean {
  const endMs = performance.now() + minutes * 60_000 * size.share;
  return isCi ? (done) => done >= size.ci : () => performance.now() >= endMs;
}

/** A number that depends on the size. */
export const sized = (size: { readonly ci: number; readonly full: number }): number =>
  isCi ? size.ci : size.full;

/** A planted bug has this many crashes to show itself. */
export const withinCrashes =
  (count: number) =>
  (done: number): boolean =>
    done >= count;
