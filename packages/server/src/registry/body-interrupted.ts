/**
 * A request's body that ended before its end: the client went away, or brought nothing for too long. What came until
 * then is whole and is kept.
 */
export class BodyInterrupted extends Error {
  override readonly name = 'BodyInterrupted';
  readonly reason: 'gone' | 'too_slow' | 'closing';

  constructor(reason: 'gone' | 'too_slow' | 'closing', options?: ErrorOptions) {
    super(`the body was interrupted: ${reason}`, options);
    this.reason = reason;
  }
}
