import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boxKeyNumber, boxOverheadBytes, clearBox, openBox, sealBox } from './box.ts';
import {
  type BoxContext,
  type BoxKind,
  inlineContext,
  manifestContext,
  registryKeyContext,
  secretContext,
  segmentKeyContext,
  systemKeyContext,
} from './box-context.ts';
import { openXaes } from './xaes-256-gcm.ts';

const registry = '11'.repeat(16);
const blob = '22'.repeat(16);
const segment = '33'.repeat(16);
const object = '44'.repeat(16);
const key = randomBytes(32);
const plaintext = Buffer.from('what nobody shall see');
const digest = `sha256:${'ab'.repeat(32)}`;

const segmentPlace = { registry, blob, segment, startBytes: 7, object, objectOffset: 9, lengthBytes: 11 };

// The kind's number and its context, spelled out from the table in docs/format.md.
const kinds: { context: BoxContext<BoxKind>; number: string; hex: string }[] = [
  { context: registryKeyContext({ registry, keyNumber: 5 }), number: '01', hex: `${registry}00000005` },
  {
    context: segmentKeyContext(segmentPlace),
    number: '02',
    hex: `8943524c010110000000000000000007${registry}${blob}${segment}${object}0000000000000009000000000000000b`,
  },
  { context: manifestContext({ registry, digest }), number: '03', hex: `${registry}01${'ab'.repeat(32)}` },
  {
    context: inlineContext({ registry, blob, startBytes: 3 }),
    number: '04',
    hex: `${registry}${blob}0000000000000003`,
  },
  {
    context: secretContext({ owner: registry, row: blob, column: 2 }),
    number: '05',
    hex: `${registry}${blob}0002`,
  },
  { context: systemKeyContext({ purpose: 1, version: 6 }), number: '06', hex: '000100000006' },
];

const seal = (context: BoxContext<BoxKind>, bytes: Uint8Array = plaintext) =>
  sealBox({ kind: context.kind, keyNumber: 0x01020304, key, context, plaintext: bytes });

const open = (context: BoxContext<BoxKind>, box: Uint8Array, acceptClear = false) =>
  openBox({
    kind: context.kind,
    box,
    context,
    keyOf: (number) => (number === 0x01020304 ? key : undefined),
    acceptClear,
  });

describe('a box', () => {
  test.each(kinds)(
    'of kind $context.kind binds its kind, its key and its context as the format has it',
    (row) => {
      const box = seal(row.context);
      expect(box.toString('hex', 0, 5)).toBe('0101020304');
      expect(box.length).toBe(plaintext.length + boxOverheadBytes);
      const aad = Buffer.concat([
        Buffer.from('cerulean box\0'),
        Buffer.from(`${row.number}0101020304${row.hex}`, 'hex'),
      ]);
      expect(openXaes({ key, nonce: box.subarray(5, 29), aad }, box.subarray(29))).toEqual(plaintext);
      expect(open(row.context, box)).toEqual(plaintext);
    },
  );

  test('does not open in the place of a box of another kind', () => {
    for (const sealed of kinds) {
      for (const opened of kinds.filter((row) => row !== sealed)) {
        expect(() => open(opened.context, seal(sealed.context))).toThrow(
          expect.objectContaining({ code: 'authentication_failed' }),
        );
      }
    }
  });

  test.each([
    { startBytes: 8 },
    { objectOffset: 10 },
    { lengthBytes: 12 },
    { object: blob },
    { segment: blob },
    { blob: segment },
    { registry: blob },
  ])('of a segment key does not open when its row says %o', (change) => {
    const box = seal(segmentKeyContext(segmentPlace));
    const context = segmentKeyContext({ ...segmentPlace, ...change });
    expect(() => open(context, box)).toThrow(expect.objectContaining({ code: 'authentication_failed' }));
  });

  test('holds any bytes, none too, and no two boxes of the same bytes are alike', () => {
    const { context } = kinds[3]!;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect([...open(context, seal(context, bytes))]).toEqual([...bytes]);
        expect(seal(context, bytes).equals(seal(context, bytes))).toBe(false);
      }),
    );
  });

  test('does not open when any bit was changed', () => {
    const { context } = kinds[2]!;
    const box = seal(context);
    // Bit 0 makes version 1 the clear form, which has a test of its own.
    for (let bit = 1; bit < box.length * 8; bit++) {
      const changed = Buffer.from(box);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => open(context, changed), `bit ${bit}`).toThrow(
        expect.objectContaining({ name: 'SealingError' }),
      );
    }
  });

  test('that is cut or of another version is malformed', () => {
    const { context } = kinds[2]!;
    const box = seal(context, Buffer.alloc(0));
    for (let length = 0; length < box.length; length++) {
      expect(() => open(context, box.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'box_malformed' }),
      );
    }
    box[0] = 2;
    expect(() => open(context, box)).toThrow(expect.objectContaining({ code: 'box_malformed' }));
    expect(() => boxKeyNumber(box)).toThrow(expect.objectContaining({ code: 'box_malformed' }));
  });

  test('names the key that it needs when that is not known', () => {
    const { context } = kinds[0]!;
    const box = sealBox({
      kind: 'registryKey',
      keyNumber: 9,
      key,
      context: context as BoxContext<'registryKey'>,
      plaintext,
    });
    expect(boxKeyNumber(box)).toBe(9);
    expect(() => open(context, box)).toThrow(
      expect.objectContaining({ code: 'key_unknown', message: expect.stringContaining('key 9') }),
    );
  });

  test('in the clear form opens only where clear content is accepted, and a segment key never', () => {
    const box = clearBox(plaintext);
    expect(box.toString('latin1')).toBe(`\0${plaintext.toString('latin1')}`);
    expect(boxKeyNumber(box)).toBeUndefined();
    expect(open(kinds[3]!.context, box, true)).toEqual(plaintext);
    expect(() => open(kinds[3]!.context, box)).toThrow(expect.objectContaining({ code: 'clear_refused' }));
    expect(() => open(kinds[1]!.context, box, true)).toThrow(
      expect.objectContaining({ code: 'clear_refused' }),
    );
  });

  test('is bound to whole ids and digests only', () => {
    expect(() => inlineContext({ registry: '11', blob, startBytes: 0 })).toThrow(TypeError);
    expect(() => inlineContext({ registry: registry.replace('1', 'G'), blob, startBytes: 0 })).toThrow(
      TypeError,
    );
    expect(() => manifestContext({ registry, digest: 'sha256:ab' })).toThrow(TypeError);
    expect(() => manifestContext({ registry, digest: `sha512:${'ab'.repeat(32)}` })).toThrow(TypeError);
    const sha512 = manifestContext({ registry, digest: `sha512:${'cd'.repeat(64)}` });
    expect(Buffer.from(sha512.bytes).toString('hex')).toBe(`${registry}02${'cd'.repeat(64)}`);
  });
});
