/** A refusal of the managed-identity endpoint, in the words that Azure's has for it. */
export class ManagedIdentityError extends Error {
  override readonly name = 'ManagedIdentityError';
  readonly error: 'invalid_request' | 'invalid_resource' | 'unauthorized_client';
  /** True when no binding names the caller: the operator is told which one would be needed. */
  readonly isUnbound: boolean;

  constructor(error: ManagedIdentityError['error'], message: string, isUnbound = false) {
    super(message);
    this.error = error;
    this.isUnbound = isUnbound;
  }
}
