import { RegistryError } from '../../errors.ts';
import type { OciHandler } from '../oci/handling.ts';

/**
 * `/acr/v1/_deleted/…`: nothing that was deleted is kept. az shows its user the message of a 405 and does not try again.
 */
export const featureOff: OciHandler = async () => {
  throw new RegistryError('feature_off', 'Soft delete is off in this registry: what is deleted is not kept.');
};
