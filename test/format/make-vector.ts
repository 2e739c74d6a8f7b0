/**
 * Makes the folder `vector`: one small deployment's worth of stored bytes, which `read_vector.py` and a test of the
 * server open again. It was run once, and its output is committed: keys and nonces are drawn at random, so another
 * run gives other bytes, and a vector that is made anew proves nothing about what is already on disks.
 *
 *     node test/format/make-vector.ts <folder>
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sealBox } from '@cerulean/server/sealing/box.ts';
import {
  inlineContext,
  manifestContext,
  registryKeyContext,
  secretContext,
  systemKeyContext,
} from '@cerulean/server/sealing/box-context.ts';
import { formatKeyRing, keyRing } from '@cerulean/server/sealing/key-ring.ts';
import { SegmentSealer } from '@cerulean/server/sealing/segment-sealer.ts';

const folder = process.argv[2];
if (folder === undefined) throw new Error('Name the folder to write to.');
mkdirSync(folder);

const registry = '0123456789abcdef0123456789abcdef';
const blob = 'b10bb10bb10bb10bb10bb10bb10bb10b';
const object = '0b1ec70b1ec70b1ec70b1ec70b1ec700';
const plaintext = createHash('shake128', { outputLength: 165_836 }).update('cerulean vector').digest();
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const save = (name: string, bytes: Uint8Array | string) => {
  writeFileSync(join(folder, name), bytes);
  return name;
};

const ring = keyRing([
  { number: 1, key: randomBytes(32) },
  { number: 2, key: randomBytes(32) },
]);
const root = ring.current;
const registryKey = { number: 7, key: randomBytes(32) };
const sealed = { keyNumber: registryKey.number, key: registryKey.key };
const wrapped = { keyNumber: root.number, key: root.key };

// Two segments in one object: one that ends with a full chunk, one that begins behind it and ends in mid-chunk.
const stored: Uint8Array[] = [];
let objectBytes = 0;
const segments = [
  { segment: '5e000000000000000000000000000000', startBytes: 0, lengthBytes: 65_536 },
  { segment: '5e000000000000000000000000000001', startBytes: 65_536, lengthBytes: 100_000 },
].map((row, index) => {
  const sealer = new SegmentSealer({ registry, blob, segment: row.segment, startBytes: row.startBytes });
  stored.push(
    ...sealer.push(plaintext.subarray(row.startBytes, row.startBytes + row.lengthBytes)),
    ...sealer.finish(),
  );
  const objectOffset = objectBytes;
  objectBytes += sealer.storedBytes;
  const keyBox = sealer.sealKey({
    registryKey: registryKey.key,
    keyNumber: registryKey.number,
    object,
    objectOffset,
  });
  return { ...row, cipher: 1, object, objectOffset, keyBox: save(`segment-key-${index}.box`, keyBox) };
});
save('object.bin', Buffer.concat(stored));

const inlinePlaintext = plaintext.subarray(165_536);
const inlineBox = sealBox({
  kind: 'inline',
  ...sealed,
  context: inlineContext({ registry, blob, startBytes: 165_536 }),
  plaintext: inlinePlaintext,
});
const inline = {
  segment: '5e000000000000000000000000000002',
  startBytes: 165_536,
  lengthBytes: inlinePlaintext.length,
  cipher: 1,
  inlineBox: save('inline.box', inlineBox),
};

const manifestBytes = Buffer.from(
  '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}',
);
const manifestDigest = `sha256:${sha256(manifestBytes)}`;
const secretPlace = { owner: registry, row: 'c0dec0dec0dec0dec0dec0dec0dec0de', column: 1 };
const systemKeyPlace = { purpose: 1, version: 3 };
const systemKey = randomBytes(32);

const vector = {
  rootKeyFile: save('root.key', formatKeyRing(ring)),
  registry,
  registryKey: {
    number: registryKey.number,
    box: save(
      'registry-key.box',
      sealBox({
        kind: 'registryKey',
        ...wrapped,
        context: registryKeyContext({ registry, keyNumber: registryKey.number }),
        plaintext: registryKey.key,
      }),
    ),
  },
  blob: {
    id: blob,
    sizeBytes: plaintext.length,
    sha256: sha256(plaintext),
    objectFile: 'object.bin',
    segments: [...segments, inline],
  },
  manifest: {
    digest: manifestDigest,
    box: save(
      'manifest.box',
      sealBox({
        kind: 'manifest',
        ...sealed,
        context: manifestContext({ registry, digest: manifestDigest }),
        plaintext: manifestBytes,
      }),
    ),
  },
  secret: {
    ...secretPlace,
    box: save(
      'secret.box',
      sealBox({
        kind: 'secret',
        ...sealed,
        context: secretContext(secretPlace),
        plaintext: Buffer.from('shown again'),
      }),
    ),
    sha256: sha256(Buffer.from('shown again')),
  },
  systemKey: {
    ...systemKeyPlace,
    box: save(
      'system-key.box',
      sealBox({
        kind: 'systemKey',
        ...wrapped,
        context: systemKeyContext(systemKeyPlace),
        plaintext: systemKey,
      }),
    ),
    sha256: sha256(systemKey),
  },
};
save('vector.json', `${JSON.stringify(vector, null, 2)}\n`);
