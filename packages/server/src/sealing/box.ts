/**
 * The box: the one form of everything that is sealed and is not a segment's chunks (docs/format.md, "Box").
 *
 *     01 | key number u32 | nonce 24 | ciphertext | tag 16      sealed with XAES-256-GCM
 *     00 | bytes                                                clear
 *
 * The seal binds the kind, the key's number and the context. The key is the one that the box names; no other is tried.
 */
import { randomBytes } from 'node:crypto';
import { type BoxContext, type BoxKind, boxKinds } from './box-context.ts';
import { SealingError } from './sealing-error.ts';
import { openXaes, sealXaes, xaesNonceBytes, xaesTagBytes } from './xaes-256-gcm.ts';

/** What a sealed box is longer than its content. */
export const boxOverheadBytes = 45;

const sealedForm = 1;
const clearForm = 0;
const nonceAt = 5;
const ciphertextAt = nonceAt + xaesNonceBytes;
const label = Buffer.from('cerulean box\0', 'latin1');

/** Seals under a key of 32 bytes with a fresh random nonce. `keyNumber` is a u32 and travels in the box. */
export function sealBox<Kind extends BoxKind>(options: {
  kind: Kind;
  keyNumber: number;
  key: Uint8Array;
  context: BoxContext<Kind>;
  plaintext: Uint8Array;
}): Buffer {
  const head = Buffer.alloc(nonceAt);
  head[0] = sealedForm;
  head.writeUInt32BE(options.keyNumber, 1);
  const nonce = randomBytes(xaesNonceBytes);
  const aad = additionalData(options.kind, head, options.context);
  return Buffer.concat([head, nonce, sealXaes({ key: options.key, nonce, aad }, options.plaintext)]);
}

/** The clear form, for `--encryption none`: nothing is hidden and nothing is bound. */
export function clearBox(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(clearForm), bytes]);
}

/**
 * Opens a box. `acceptClear` must come from the server's own configuration and never from the database: whoever can
 * write rows could otherwise put a clear box of his own in the place of a sealed one.
 *
 * Throws SealingError: `box_malformed`, `clear_refused`, `key_unknown` when `keyOf` has no such key, and
 * `authentication_failed` when anything at all was changed, or the box belongs to another place.
 */
export function openBox<Kind extends BoxKind>(options: {
  kind: Kind;
  box: Uint8Array;
  context: BoxContext<Kind>;
  keyOf: (keyNumber: number) => Uint8Array | undefined;
  acceptClear: boolean;
}): Buffer {
  const { kind } = options;
  const box = asBuffer(options.box);
  if (box[0] === clearForm) return openClear(kind, box, options.acceptClear);
  if (box[0] !== sealedForm || box.length < ciphertextAt + xaesTagBytes) {
    throw new SealingError('box_malformed', `This is no ${kind} box of version 1 (${box.length} bytes).`);
  }
  const keyNumber = box.readUInt32BE(1);
  const key = options.keyOf(keyNumber);
  if (key === undefined) {
    throw new SealingError(
      'key_unknown',
      `A ${kind} box is sealed by key ${keyNumber}, which is not known here.`,
    );
  }
  const aad = additionalData(kind, box.subarray(0, nonceAt), options.context);
  try {
    return openXaes({ key, nonce: box.subarray(nonceAt, ciphertextAt), aad }, box.subarray(ciphertextAt));
  } catch (error) {
    if (!(error instanceof SealingError)) throw error;
    const message = `A ${kind} box does not open with key ${keyNumber}: it was changed, moved, or sealed by another key of that number.`;
    throw new SealingError('authentication_failed', message, { cause: error });
  }
}

/** The number of the key that sealed this box, or undefined for a clear one. Throws `box_malformed` like openBox. */
export function boxKeyNumber(box: Uint8Array): number | undefined {
  if (box[0] === clearForm) return undefined;
  if (box[0] !== sealedForm || box.length < boxOverheadBytes) {
    throw new SealingError('box_malformed', `This is no box of version 1 (${box.length} bytes).`);
  }
  return asBuffer(box).readUInt32BE(1);
}

function openClear(kind: BoxKind, box: Buffer, acceptClear: boolean): Buffer {
  // A segment that is not encrypted has no key at all, so a clear segment key is never what we wrote.
  if (!acceptClear || kind === 'segmentKey') {
    throw new SealingError(
      'clear_refused',
      `It lies unencrypted (box of kind ${kind}), and this server serves only what is sealed; --read-unencrypted changes that.`,
    );
  }
  return Buffer.from(box.subarray(1));
}

function additionalData<Kind extends BoxKind>(
  kind: Kind,
  head: Uint8Array,
  context: BoxContext<Kind>,
): Buffer {
  return Buffer.concat([label, Buffer.of(boxKinds[kind]), head, context.bytes]);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
