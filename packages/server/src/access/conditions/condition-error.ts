/** What is wrong with a condition. `message` begins with the place, counted in characters from 1, and says what would be right. */
export class ConditionError extends Error {
  override readonly name = 'ConditionError';
  readonly at: number;

  constructor(at: number, problem: string) {
    super(`at ${at}: ${problem}`);
    this.at = at;
  }
}
