/** Where results and error texts go. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** What every command needs: the folder to ask at, and how to show what came. */
export interface Session {
  dataFolder(): string;
  show<Result>(result: Result, asTable: (result: Result) => string): void;
}
