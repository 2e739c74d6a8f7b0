/**
 * What each kind of box is bound to (docs/format.md, "Box"). A context is additional data: it is not stored, it must
 * be the same again when the box is opened, and so a box that was moved to another row does not open.
 */
import { idBytes } from './id-bytes.ts';
import { type SegmentPlace, segmentHeader } from './segment.ts';

/** The kinds of boxes, by the number that the seal binds. */
export const boxKinds = {
  registryKey: 1,
  segmentKey: 2,
  manifest: 3,
  inline: 4,
  secret: 5,
  systemKey: 6,
  labels: 7,
} as const;

export type BoxKind = keyof typeof boxKinds;

/** The bytes that bind a box of this kind to its place. Made by the builders below only. */
export interface BoxContext<Kind extends BoxKind> {
  readonly kind: Kind;
  readonly bytes: Uint8Array;
}

/** `keyNumber` is the registry key's own number, not that of the root key which seals it. */
export function registryKeyContext(place: {
  registry: string;
  keyNumber: number;
}): BoxContext<'registryKey'> {
  return { kind: 'registryKey', bytes: Buffer.concat([idBytes(place.registry), u32(place.keyNumber)]) };
}

/** Binds a segment's key to everything that its row says of the segment. */
export function segmentKeyContext(
  place: SegmentPlace & { object: string; objectOffset: number; lengthBytes: number },
): BoxContext<'segmentKey'> {
  const bytes = Buffer.concat([
    segmentHeader(place),
    idBytes(place.object),
    u64(place.objectOffset),
    u64(place.lengthBytes),
  ]);
  return { kind: 'segmentKey', bytes };
}

const digestAlgorithms = { sha256: { number: 1, bytes: 32 }, sha512: { number: 2, bytes: 64 } } as const;

/** `digest` as OCI writes it: `sha256:` or `sha512:` and lower-case hexadecimal. Throws a TypeError for another. */
export function manifestContext(place: { registry: string; digest: string }): BoxContext<'manifest'> {
  return { kind: 'manifest', bytes: contentContext(place) };
}

/** The labels of a manifest's config, as JSON: bound to the same place, told apart by the kind. */
export function labelsContext(place: { registry: string; digest: string }): BoxContext<'labels'> {
  return { kind: 'labels', bytes: contentContext(place) };
}

function contentContext(place: { registry: string; digest: string }): Uint8Array {
  const [, name, hex] = /^(sha256|sha512):([0-9a-f]+)$/.exec(place.digest) ?? [];
  const algorithm = name === 'sha256' || name === 'sha512' ? digestAlgorithms[name] : undefined;
  if (algorithm === undefined || hex?.length !== algorithm.bytes * 2) {
    throw new TypeError(`Not a sha256 or sha512 digest: ${JSON.stringify(place.digest)}`);
  }
  const bytes = Buffer.concat([
    idBytes(place.registry),
    Buffer.of(algorithm.number),
    Buffer.from(hex, 'hex'),
  ]);
  return bytes;
}

/** Small bytes of a blob that lie in a row; `startBytes` is their offset in the blob. */
export function inlineContext(place: {
  registry: string;
  blob: string;
  startBytes: number;
}): BoxContext<'inline'> {
  const bytes = Buffer.concat([idBytes(place.registry), idBytes(place.blob), u64(place.startBytes)]);
  return { kind: 'inline', bytes };
}

/** A secret that must be shown again: who owns it, its row, and which column of the row (u16). */
export function secretContext(place: { owner: string; row: string; column: number }): BoxContext<'secret'> {
  const bytes = Buffer.concat([idBytes(place.owner), idBytes(place.row), u16(place.column)]);
  return { kind: 'secret', bytes };
}

/** A key of the system itself: what it is for (u16) and its version (u32). */
export function systemKeyContext(place: { purpose: number; version: number }): BoxContext<'systemKey'> {
  return { kind: 'systemKey', bytes: Buffer.concat([u16(place.purpose), u32(place.version)]) };
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
