import fc from 'fast-check';
import { expect, test } from 'vitest';
import { multipartBody } from './multipart.ts';

test('the length that is announced is the length that comes, whatever the ranges', async () => {
  const sizeBytes = 100_000;
  const range = fc
    .tuple(fc.nat(sizeBytes - 1), fc.nat(sizeBytes - 1))
    .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));
  await fc.assert(
    fc.asyncProperty(fc.array(range, { minLength: 2, maxLength: 5 }), async (ranges) => {
      const body = multipartBody({
        ranges,
        sizeBytes,
        boundary: 'b',
        async *open({ start, end }) {
          yield { buffers: [new Uint8Array(end - start + 1)], release: () => undefined };
        },
      });
      let bytes = 0;
      for await (const piece of body.pieces()) {
        for (const buffer of piece.buffers) bytes += buffer.length;
      }
      expect(bytes).toBe(body.lengthBytes);
    }),
    { numRuns: 50 },
  );
});
