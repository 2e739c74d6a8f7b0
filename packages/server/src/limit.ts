/** A limit of the server: its value, its unit, and why. Its name, with its unit, is its place in the table of `limits.ts`. */
export interface Limit {
  readonly value: number;
  readonly unit: 'bytes' | 'count' | 'ms' | 'seconds' | 'levels';
  readonly reason: string;
}
