import { InvalidArgumentError } from 'commander';

/** Days until an expiry: a whole number from 1. */
export function parseDays(value: string): number {
  const days = Number(value);
  if (Number.isInteger(days) && days >= 1 && days <= 36_500) return days;
  throw new InvalidArgumentError('It must be a whole number of days, from 1 to 36500.');
}
