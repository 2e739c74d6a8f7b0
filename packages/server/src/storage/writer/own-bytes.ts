/**
 * The same plain data, in which every byte array has a buffer of its own: cloning a view takes its whole slab along.
 * What holds no such view is not copied.
 */
export function ownBytes(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array)
    return value.byteLength === value.buffer.byteLength ? value : new Uint8Array(value);
  if (Array.isArray(value)) {
    const items = value.map(ownBytes);
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  let changed: Record<string, unknown> | undefined;
  const members = value as Record<string, unknown>;
  for (const name in members) {
    const member = members[name];
    const own = ownBytes(member);
    if (own !== member) changed = { ...(changed ?? members), [name]: own };
  }
  return changed ?? value;
}
