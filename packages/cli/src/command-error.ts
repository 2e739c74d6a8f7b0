/** What the shell is told: refused by the server, wrongly called, or no server there. */
export const exitCodes = { refused: 1, usage: 2, notRunning: 3 } as const;

/** The command can't be done. `message` is fit for the terminal. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;

  constructor(reason: keyof typeof exitCodes, message: string) {
    super(message);
    this.exitCode = exitCodes[reason];
  }
}
