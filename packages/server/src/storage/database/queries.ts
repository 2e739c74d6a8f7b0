import type { Dialect, Parameters, Statement } from './statement.ts';

/** Runs statements that read. */
export interface Queries {
  readonly dialect: Dialect;
  /** The first row, or undefined. */
  one<P extends Parameters, R>(statement: Statement<P, R>, parameters: P): Promise<R | undefined>;
  all<P extends Parameters, R>(statement: Statement<P, R>, parameters: P): Promise<R[]>;
}

/** Runs statements inside one transaction; it exists only while a command runs. */
export interface Transaction extends Queries {
  /** How many rows the statement changed. */
  run<P extends Parameters, R>(statement: Statement<P, R>, parameters: P): Promise<number>;
}
