const idPattern = /^[0-9a-f]{32}$/;

/**
 * The 16 bytes of an id of a registry, blob, segment, object or row, which the code carries as 32 lower-case
 * hexadecimal digits. Throws a TypeError for anything else, since a shorter id would shift what a seal binds.
 */
export function idBytes(id: string): Buffer {
  if (!isId(id)) throw new TypeError(`Not an id of 32 lower-case hexadecimal digits: ${JSON.stringify(id)}`);
  return Buffer.from(id, 'hex');
}

/** True for 32 lower-case hexadecimal digits. */
export function isId(text: string): boolean {
  return idPattern.test(text);
}
