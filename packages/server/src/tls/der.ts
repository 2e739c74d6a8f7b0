/**
 * Writes DER (ITU-T X.690), as much of it as a certificate needs. Written here since the package that issues
 * certificates brings a container for dependency injection and changes the global `Reflect`; nothing is parsed.
 */
export type Der = Uint8Array;

export const sequence = (...parts: readonly Der[]): Der => element(0x30, ...parts);
export const set = (...parts: readonly Der[]): Der => element(0x31, ...parts);
export const octetString = (content: Der): Der => element(0x04, content);
export const utf8String = (text: string): Der => element(0x0c, Buffer.from(text, 'utf8'));
export const boolean = (value: boolean): Der => element(0x01, Uint8Array.of(value ? 0xff : 0));
/** A context-specific tag around other elements, as EXPLICIT and constructed IMPLICIT have it. */
export const tagged = (tag: number, ...parts: readonly Der[]): Der => element(0xa0 | tag, ...parts);
/** A context-specific tag in place of a primitive's own (IMPLICIT). */
export const taggedPrimitive = (tag: number, content: Der): Der => element(0x80 | tag, content);

/** A positive integer from its big-endian bytes, in the least number of them. */
export function unsignedInteger(bytes: Der): Der {
  const start = bytes.findIndex((byte) => byte !== 0);
  const least = start === -1 ? Uint8Array.of(0) : bytes.subarray(start);
  return element(0x02, (least[0] ?? 0) >= 0x80 ? Uint8Array.of(0, ...least) : least);
}

/** Whole bytes, or with the number of last bits that do not count. */
export function bitString(content: Der, unusedBits = 0): Der {
  return element(0x03, Uint8Array.of(unusedBits), content);
}

/** `1.2.840.10045.4.3.2`. */
export function objectIdentifier(dotted: string): Der {
  const [first = 0, second = 0, ...others] = dotted.split('.').map(Number);
  return element(0x06, Uint8Array.from([first * 40 + second, ...others].flatMap(base128)));
}

/** UTCTime until 2049, GeneralizedTime from 2050 on (RFC 5280, 4.1.2.5), in whole seconds. */
export function time(at: Date): Der {
  const digits = at
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '');
  return at.getUTCFullYear() < 2050
    ? element(0x17, Buffer.from(digits.slice(2), 'ascii'))
    : element(0x18, Buffer.from(digits, 'ascii'));
}

function element(tag: number, ...parts: readonly Der[]): Der {
  const content = Buffer.concat(parts);
  return Buffer.concat([Uint8Array.of(tag), lengthOf(content.length), content]);
}

function lengthOf(bytes: number): Der {
  if (bytes < 0x80) return Uint8Array.of(bytes);
  const digits: number[] = [];
  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return Uint8Array.of(0x80 | digits.length, ...digits);
}

function base128(value: number): number[] {
  const digits = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128))
    digits.unshift(0x80 | (rest % 128));
  return digits;
}
