import { RegistryError } from '../errors.ts';
import type { Admission } from './admission.ts';

/** A call that its caller may make, only not so often. Who it was is known, and stands in the log. */
export class RefusedCall extends RegistryError {
  readonly admission: Admission;

  constructor({ code, message, detail }: RegistryError, admission: Admission) {
    super(code, message, detail);
    this.admission = admission;
  }
}
