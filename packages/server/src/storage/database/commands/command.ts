import type { CommandContext, CommandName, Commands } from '../../../registry/commands.ts';
import type { Transaction } from '../queries.ts';

/** What a command's event says, beside its context; it is written as the command's last statement. */
export interface NewEvent {
  readonly registry: string;
  /** `noun.verb`, such as `manifest.put`. */
  readonly kind: string;
  readonly repository?: { readonly id: string; readonly name: string };
  readonly payload: Readonly<Record<string, unknown>>;
  /** The hybrid clock of the rows that changed, where they have one. */
  readonly hlc?: number;
}

/** What a command did. */
export interface Outcome<T> {
  readonly value: T;
  readonly event?: NewEvent;
  /** True when rights may have changed: the epoch moves before the acknowledgement. */
  readonly rights?: true;
  /** Repositories whose tags, manifests or links changed, as `registry/name`: remembered answers about them end. */
  readonly touched?: readonly string[];
}

/** A command's body: only statements, no other input or output, no clock of its own. It refuses by RegistryError. */
export type CommandBody<N extends CommandName> = (
  tx: Transaction,
  input: Commands[N]['input'],
  context: CommandContext,
) => Promise<Outcome<Commands[N]['output']>>;

/** Adding a command without a body does not compile. */
export type CommandBodies = { readonly [N in CommandName]: CommandBody<N> };

/** How a repository is named among what a command touched. */
export const touchedRepository = (registry: string, repositoryName: string): string =>
  `${registry}/${repositoryName}`;

/** The next reading of the hybrid clock, microseconds: never behind what it follows. */
export const nextHlc = (nowMs: number, ...follows: number[]): number =>
  Math.max(nowMs * 1000, ...follows.map((hlc) => hlc + 1));
