import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openBox } from './box.ts';
import {
  inlineContext,
  manifestContext,
  registryKeyContext,
  secretContext,
  systemKeyContext,
} from './box-context.ts';
import { parseKeyRing } from './key-ring.ts';
import { openSegment } from './open-segment.ts';
import { parseSegmentHeader } from './segment.ts';

// What an earlier version stored, and every later one must open. `test/format/read_vector.py` opens it without us.
const folder = join(import.meta.dirname, '../../../../test/format/vector');
const file = (name: string) => readFileSync(join(folder, name));
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

interface SegmentRow {
  segment: string;
  startBytes: number;
  lengthBytes: number;
  object: string;
  objectOffset: number;
  keyBox: string;
}

interface InlineRow {
  startBytes: number;
  inlineBox: string;
}

interface Vector {
  registry: string;
  registryKey: { number: number; box: string };
  blob: { id: string; sha256: string; segments: [SegmentRow, SegmentRow, InlineRow] };
  manifest: { digest: string; box: string };
  secret: { owner: string; row: string; column: number; box: string; sha256: string };
  systemKey: { purpose: number; version: number; box: string; sha256: string };
}

const vector = JSON.parse(file('vector.json').toString()) as Vector;
const { registry } = vector;
const ring = parseKeyRing(file('root.key').toString(), 'root.key');
const acceptClear = false;

function registryKeyOf(number: number): Uint8Array | undefined {
  const { registryKey } = vector;
  const context = registryKeyContext({ registry, keyNumber: registryKey.number });
  const box = file(registryKey.box);
  const key = openBox({ kind: 'registryKey', box, context, keyOf: ring.keyOf, acceptClear });
  return number === registryKey.number ? key : undefined;
}

describe('the committed vector', () => {
  test('opens as a blob of two segments in one object and one in a row', () => {
    const blob = vector.blob.id;
    const [first, second, inline] = vector.blob.segments;
    const object = file('object.bin');
    const hash = createHash('sha256');
    for (const row of [first, second]) {
      const place = { registry, blob, segment: row.segment, startBytes: row.startBytes };
      const chunksAt = row.objectOffset + 64;
      expect(parseSegmentHeader(object.subarray(row.objectOffset, chunksAt))).toEqual(place);
      const opened = openSegment({ ...row, ...place, keyBox: file(row.keyBox), keyOf: registryKeyOf });
      const stored = object.subarray(chunksAt, chunksAt + row.lengthBytes + 16 * opened.chunks);
      const into = Buffer.alloc(row.lengthBytes);
      expect(opened.openChunks(0, stored, into)).toBe(row.lengthBytes);
      hash.update(into);
    }
    const context = inlineContext({ registry, blob, startBytes: inline.startBytes });
    hash.update(
      openBox({ kind: 'inline', box: file(inline.inlineBox), context, keyOf: registryKeyOf, acceptClear }),
    );
    expect(hash.digest('hex')).toBe(vector.blob.sha256);
  });

  test('opens as a manifest, a secret and a system key', () => {
    const { manifest, secret, systemKey } = vector;
    const manifestBytes = openBox({
      kind: 'manifest',
      box: file(manifest.box),
      context: manifestContext({ registry, digest: manifest.digest }),
      keyOf: registryKeyOf,
      acceptClear,
    });
    expect(`sha256:${sha256(manifestBytes)}`).toBe(manifest.digest);
    const box = file(secret.box);
    const secretBytes = openBox({
      kind: 'secret',
      box,
      context: secretContext(secret),
      keyOf: registryKeyOf,
      acceptClear,
    });
    expect(secretBytes.toString()).toBe('shown again');
    const key = openBox({
      kind: 'systemKey',
      box: file(systemKey.box),
      context: systemKeyContext(systemKey),
      keyOf: ring.keyOf,
      acceptClear,
    });
    expect(sha256(key)).toBe(systemKey.sha256);
  });
});
