import type { Limit } from '@cerulean/server/limits.ts';

export type LimitUnit = Limit['unit'];

/** A value as people read it, with the exact one behind it where that is another number. */
export function formatLimit(value: number, unit: LimitUnit): string {
  const exact = value.toLocaleString('en-GB');
  if (unit === 'count') return exact;
  if (unit === 'levels') return `${exact} levels`;
  if (unit === 'bytes') return scaled(value, byteUnits) ?? (value === 1 ? '1 byte' : `${exact} bytes`);
  return scaled(unit === 'ms' ? value / 1000 : value, timeUnits) ?? `${exact} ${unit}`;
}

const byteUnits = [
  ['TiB', 1024 ** 4],
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
] as const;
const timeUnits = [
  ['days', 86_400],
  ['hours', 3600],
  ['minutes', 60],
  ['s', 1],
] as const;

/** In the largest unit of which it is a whole number, more than one. */
function scaled(value: number, units: readonly (readonly [string, number])[]): string | undefined {
  for (const [name, factor] of units) {
    const count = value / factor;
    if (Number.isInteger(count) && (count > 1 || factor === 1 || name.endsWith('iB')))
      return `${count} ${name}`;
  }
  return undefined;
}
