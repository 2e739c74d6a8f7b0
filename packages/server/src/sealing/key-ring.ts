/**
 * The ring of root keys, and its text form (docs/format.md, "The key file"): a line for each key,
 *
 *     <number> <64 hexadecimal digits of the key> <8 of its checksum>
 *
 * Lines that are empty or begin with # say nothing. The key with the highest number seals; the others only open what
 * they sealed before. Root keys wrap registry keys and system keys, and nothing is derived from them.
 */
import { createHash } from 'node:crypto';
import { SealingError } from './sealing-error.ts';

export interface RootKey {
  /** A u32, at least 1. */
  readonly number: number;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

export interface KeyRing {
  /** The key that seals what is sealed from now on. */
  readonly current: RootKey;
  readonly keys: readonly RootKey[];
  keyOf(keyNumber: number): Uint8Array | undefined;
}

export const rootKeyBytes = 32;
const keyNumberMax = 2 ** 32 - 1;
const linePattern = /^([1-9][0-9]{0,9}) ([0-9a-f]{64}) ([0-9a-f]{8})$/;
const advice =
  'Put your backup of the key file in its place; without the key nothing that was stored can be opened again.';

/** Makes a ring. Throws a RangeError for no key, for two with one number, and for a number or length out of bounds. */
export function keyRing(keys: readonly RootKey[]): KeyRing {
  const byNumber = new Map<number, RootKey>();
  for (const key of keys) {
    if (!Number.isInteger(key.number) || key.number < 1 || key.number > keyNumberMax) {
      throw new RangeError(`A key's number is 1 to ${keyNumberMax}.`);
    }
    if (key.key.length !== rootKeyBytes) throw new RangeError(`A root key has ${rootKeyBytes} bytes.`);
    if (byNumber.has(key.number)) throw new RangeError(`Key number ${key.number} is there twice.`);
    byNumber.set(key.number, key);
  }
  const sorted = [...byNumber.values()].sort((a, b) => a.number - b.number);
  const current = sorted.at(-1);
  if (current === undefined) throw new RangeError('A ring has at least one key.');
  return { current, keys: sorted, keyOf: (keyNumber) => byNumber.get(keyNumber)?.key };
}

/**
 * Parses the text of a key file; `source` is its path, for the message. Throws SealingError `key_file_malformed`
 * naming the line. A message never repeats what a line says, since that may be most of a key.
 */
export function parseKeyRing(text: string, source: string): KeyRing {
  const malformed = (why: string, cause?: unknown) =>
    new SealingError('key_file_malformed', `The key file ${source} is not usable: ${why} ${advice}`, {
      cause,
    });
  const keys: RootKey[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, number, hex, checksum] = linePattern.exec(line) ?? [];
    if (number === undefined || hex === undefined) {
      throw malformed(`line ${index + 1} is not "number key checksum".`);
    }
    const key = { number: Number(number), key: Buffer.from(hex, 'hex') };
    if (keyChecksum(key) !== checksum) throw malformed(`the checksum in line ${index + 1} is wrong.`);
    keys.push(key);
  }
  try {
    return keyRing(keys);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw malformed(error.message, error);
  }
}

/** The text form of a ring, with the words that an operator should read when he finds the file. */
export function formatKeyRing(ring: KeyRing): string {
  const lines = ring.keys.map(
    (key) => `${key.number} ${Buffer.from(key.key).toString('hex')} ${keyChecksum(key)}`,
  );
  return `# Root keys of Cerulean. Keep a copy apart from the data: without it the data is lost.\n${lines.join('\n')}\n`;
}

/**
 * Names a key without giving it away: 16 hexadecimal digits that the database keeps, so that a database with the
 * wrong key file is refused at the start and not at the first pull.
 */
export function keyFingerprint(key: Uint8Array): string {
  return createHash('sha256').update('cerulean key fingerprint\0').update(key).digest('hex').slice(0, 16);
}

/** Finds a mistyped or damaged line; it protects against nobody. */
function keyChecksum(key: RootKey): string {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(key.number);
  const hash = createHash('sha256').update('cerulean key checksum\0').update(number).update(key.key);
  return hash.digest('hex').slice(0, 8);
}
