import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openBox, sealBox } from './box.ts';
import { segmentKeyContext } from './box-context.ts';
import { openSegment } from './open-segment.ts';
import { chunkRange, parseSegmentHeader, segmentHeader, storedSegmentBytes } from './segment.ts';
import { SegmentSealer } from './segment-sealer.ts';

const place = { registry: '11'.repeat(16), blob: '22'.repeat(16), segment: '33'.repeat(16), startBytes: 0 };
const object = '44'.repeat(16);
const registryKey = randomBytes(32);
const keyOf = () => registryKey;

/** The stored form written a second time, from the format's description and without our code. */
function referenceSegment(key: Uint8Array, header: Uint8Array, plaintext: Uint8Array): Buffer {
  const chunks = Math.ceil(plaintext.length / 65_536);
  const stored: Uint8Array[] = [header];
  for (let c = 0; c < chunks; c++) {
    const nonce = Buffer.alloc(12);
    nonce.writeBigUInt64BE(BigInt(c), 3);
    nonce[11] = c === chunks - 1 ? 1 : 0;
    const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
    cipher.setAAD(header);
    stored.push(
      cipher.update(plaintext.subarray(c * 65_536, (c + 1) * 65_536)),
      cipher.final(),
      cipher.getAuthTag(),
    );
  }
  return Buffer.concat(stored);
}

function sealInPieces(plaintext: Uint8Array, cuts: readonly number[], startBytes = 0) {
  const sealer = new SegmentSealer({ ...place, startBytes });
  const stored: Uint8Array[] = [];
  const edges = [0, ...[...cuts].sort((a, b) => a - b), plaintext.length];
  for (let i = 1; i < edges.length; i++) {
    // A copy that is overwritten at once, as the staging of an upload is.
    const piece = Buffer.from(plaintext.subarray(edges[i - 1], edges[i]));
    stored.push(...sealer.push(piece));
    piece.fill(0);
  }
  stored.push(...sealer.finish());
  const facts = { ...place, startBytes, object, objectOffset: 5, lengthBytes: sealer.lengthBytes };
  const storedBytes = sealer.storedBytes;
  const keyBox = sealer.sealKey({ registryKey, keyNumber: 1, object, objectOffset: 5 });
  const context = segmentKeyContext(facts);
  const key = openBox({ kind: 'segmentKey', box: keyBox, context, keyOf, acceptClear: false });
  return { stored: Buffer.concat(stored), storedBytes, facts: { ...facts, keyBox, keyOf }, key, sealer };
}

const chunk = (stored: Buffer, c: number) =>
  stored.subarray(64 + c * 65_552, Math.min(64 + (c + 1) * 65_552, stored.length));

const lengths = fc.oneof(
  fc.integer({ min: 1, max: 200_000 }),
  fc.constantFrom(1, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073, 196_608),
);

describe('a segment', () => {
  test("of the format's vector has the vector's bytes and opens", () => {
    const key = Buffer.alloc(32, 0x07);
    const plaintext = Buffer.alloc(65_537, 0x61);
    const stored = referenceSegment(key, segmentHeader(place), plaintext);
    expect(stored.length).toBe(65_633);
    expect(createHash('sha256').update(stored).digest('hex')).toBe(
      '10babe0cdcdbcf7d35a67211f4ddff786b39230d69f6ee2ac37f07bf850b317b',
    );
    const facts = {
      ...place,
      object,
      objectOffset: 5,
      lengthBytes: 65_537,
      keyBox: resealed(key, 65_537),
      keyOf,
    };
    const into = Buffer.alloc(65_537);
    expect(openSegment(facts).openChunks(0, stored.subarray(64), into)).toBe(65_537);
    expect(into.equals(plaintext)).toBe(true);
  });

  test('cut into any pieces is stored as the format has it, and opens', () => {
    const arbitrary = lengths.chain((length) =>
      fc.record({
        length: fc.constant(length),
        cuts: fc.array(
          fc.oneof(fc.nat(length), fc.constantFrom(65_536, 131_072)).map((cut) => Math.min(cut, length)),
        ),
      }),
    );
    fc.assert(
      fc.property(arbitrary, ({ length, cuts }) => {
        const plaintext = randomBytes(length);
        const { stored, storedBytes, facts, key, sealer } = sealInPieces(plaintext, cuts, 77);
        expect(sealer.lengthBytes).toBe(length);
        expect(stored.length).toBe(64 + length + 16 * Math.ceil(length / 65_536));
        expect(storedBytes).toBe(stored.length);
        expect(
          stored.equals(referenceSegment(key, segmentHeader({ ...place, startBytes: 77 }), plaintext)),
        ).toBe(true);
        const into = Buffer.alloc(length);
        expect(openSegment(facts).openChunks(0, stored.subarray(64), into)).toBe(length);
        expect(into.equals(plaintext)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('has a header that says where it belongs', () => {
    const header = segmentHeader({ ...place, startBytes: 0x0102030405 });
    expect(header.toString('hex')).toBe(
      `8943524c010110000000000102030405${place.registry}${place.blob}${place.segment}`,
    );
    expect(parseSegmentHeader(header)).toEqual({ ...place, startBytes: 0x0102030405 });
    for (const at of [0, 4, 5, 6, 7]) {
      const changed = Buffer.from(header);
      changed[at]! ^= 1;
      expect(() => parseSegmentHeader(changed)).toThrow(
        expect.objectContaining({ code: 'segment_malformed' }),
      );
    }
    expect(() => parseSegmentHeader(header.subarray(1))).toThrow(
      expect.objectContaining({ code: 'segment_malformed' }),
    );
  });

  test('hands out no chunk that was changed, cut, swapped, or that stands in another place', () => {
    const { stored, facts } = sealInPieces(randomBytes(131_073), []);
    const opened = openSegment(facts);
    const failed = expect.objectContaining({ code: 'authentication_failed' });
    for (const at of [0, 65_535, 65_536, 65_551]) {
      const changed = Buffer.from(chunk(stored, 0));
      changed[at]! ^= 0x10;
      expect(() => opened.openChunk(0, changed)).toThrow(failed);
    }
    expect(() => opened.openChunk(0, chunk(stored, 1))).toThrow(failed);
    expect(() => opened.openChunk(0, chunk(stored, 0).subarray(1))).toThrow(failed);
    expect(() => opened.openChunk(2, Buffer.alloc(0))).toThrow(failed);
    expect(() => opened.openChunk(3, chunk(stored, 0))).toThrow(RangeError);
    expect(opened.openChunk(0, chunk(stored, 0)).length).toBe(65_536);
    opened.close();
    expect(() => opened.openChunk(0, chunk(stored, 0))).toThrow(failed);
  });

  test('that lost whole chunks does not open with the key of the whole, even where the row agrees', () => {
    const whole = sealInPieces(randomBytes(131_072), []);
    // Somebody who knows the key's box can't make a shorter row fit: the box binds the length.
    expect(() => openSegment({ ...whole.facts, lengthBytes: 65_536 })).toThrow(
      expect.objectContaining({ code: 'authentication_failed' }),
    );
    // And the chunk that would be the last is not sealed as a last one.
    const box = resealed(whole.key, 65_536);
    const cut = openSegment({ ...whole.facts, lengthBytes: 65_536, keyBox: box });
    expect(() => cut.openChunk(0, chunk(whole.stored, 0))).toThrow(
      expect.objectContaining({ code: 'authentication_failed' }),
    );
  });

  test('seals its key once, only after its end, and never for no bytes', () => {
    const sealer = new SegmentSealer(place);
    const target = { registryKey, keyNumber: 1, object, objectOffset: 0 };
    expect(() => sealer.finish()).toThrow(RangeError);
    sealer.push(Buffer.from('a'));
    expect(() => sealer.sealKey(target)).toThrow(TypeError);
    sealer.finish();
    expect(() => sealer.push(Buffer.from('b'))).toThrow(TypeError);
    sealer.sealKey(target);
    expect(() => sealer.sealKey(target)).toThrow(TypeError);
  });
});

describe('a range of a segment', () => {
  test.each([
    // length, first, last: the stored bytes by hand, header 64, chunk 65,552.
    [1, 0, 0, { firstChunk: 0, lastChunk: 0, storedStart: 64, storedEnd: 81, skipBytes: 0 }],
    [65_536, 0, 65_535, { firstChunk: 0, lastChunk: 0, storedStart: 64, storedEnd: 65_616, skipBytes: 0 }],
    [
      65_537,
      65_536,
      65_536,
      { firstChunk: 1, lastChunk: 1, storedStart: 65_616, storedEnd: 65_633, skipBytes: 0 },
    ],
    [
      200_000,
      65_535,
      65_536,
      { firstChunk: 0, lastChunk: 1, storedStart: 64, storedEnd: 131_168, skipBytes: 65_535 },
    ],
    [
      200_000,
      131_100,
      199_999,
      { firstChunk: 2, lastChunk: 3, storedStart: 131_168, storedEnd: 200_128, skipBytes: 28 },
    ],
  ])('of %i bytes from %i to %i is whole chunks', (length, first, last, expected) => {
    expect(chunkRange(first, last, length)).toEqual(expected);
  });

  test('lies within the segment', () => {
    expect(storedSegmentBytes(200_000)).toBe(200_128);
    for (const [first, last] of [
      [-1, 0],
      [2, 1],
      [0, 10],
    ] as const) {
      expect(() => chunkRange(first, last, 10)).toThrow(RangeError);
    }
  });
});

describe('nonces', () => {
  test('are never used twice under one key, and keys are never used for two segments', () => {
    const used = new Set<string>();
    let chunks = 0;
    fc.assert(
      fc.property(lengths, fc.array(fc.nat(200_000), { maxLength: 5 }), (length, cuts) => {
        const plaintext = randomBytes(length);
        const { stored, key } = sealInPieces(
          plaintext,
          cuts.map((cut) => Math.min(cut, length)),
        );
        for (let c = 0; 64 + c * 65_552 < stored.length; c++) {
          const nonce = nonceOf({
            key,
            header: stored.subarray(0, 64),
            stored: chunk(stored, c),
            plaintext: plaintext.subarray(c * 65_536, (c + 1) * 65_536),
          });
          used.add(`${key.toString('hex')} ${nonce}`);
          chunks += 1;
        }
      }),
      { numRuns: 60 },
    );
    expect(chunks).toBeGreaterThan(60);
    expect(used.size).toBe(chunks);
  });
});

/** Which nonce a stored chunk was encrypted with: found by trying, since it is not stored. */
function nonceOf(sealed: {
  key: Uint8Array;
  header: Uint8Array;
  stored: Uint8Array;
  plaintext: Uint8Array;
}): string {
  for (let c = 0; c < 8; c++) {
    for (const last of [0, 1]) {
      const nonce = Buffer.alloc(12);
      nonce.set([c, last], 10);
      const cipher = createCipheriv('aes-256-gcm', sealed.key, nonce, { authTagLength: 16 });
      cipher.setAAD(sealed.header);
      const again = Buffer.concat([cipher.update(sealed.plaintext), cipher.final(), cipher.getAuthTag()]);
      if (again.equals(sealed.stored)) return nonce.toString('hex');
    }
  }
  throw new Error('No nonce of the format made this chunk.');
}

function resealed(key: Uint8Array, lengthBytes: number): Buffer {
  const context = segmentKeyContext({ ...place, object, objectOffset: 5, lengthBytes });
  return sealBox({ kind: 'segmentKey', keyNumber: 1, key: registryKey, context, plaintext: key });
}
