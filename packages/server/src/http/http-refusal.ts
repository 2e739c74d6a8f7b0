import { RegistryError, type RegistryErrorCode, type RegistryErrorDetail } from '../errors.ts';

/** A refusal that only HTTP knows: a status other than its code's own, or a header that the client needs. */
export class HttpRefusal extends RegistryError {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: RegistryErrorCode,
    message: string,
    more: {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly detail?: RegistryErrorDetail;
    },
  ) {
    super(code, message, more.detail);
    this.status = more.status;
    this.headers = more.headers ?? {};
  }
}
