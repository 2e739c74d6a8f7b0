import type { TrustedIssuerRow } from '../registry/access-reader.ts';
import type { CommandBus } from '../registry/commands.ts';
import type { MetadataReader } from '../registry/metadata-reader.ts';
import type { LoginPlace } from './login-place.ts';

/**
 * Finds the principal that a subject of a trusted issuer is, and makes it at the first login: its id is what uploads
 * and events name. Throws RegistryError `unauthorized` when the issuer was deleted meanwhile or has too many.
 */
export function createSubjectAdmission(options: {
  readonly reader: Pick<MetadataReader, 'findOutsidePrincipal'>;
  readonly commands: CommandBus;
  readonly clock: () => number;
  readonly newId: () => string;
}): (issuer: TrustedIssuerRow, subject: string, place: LoginPlace) => Promise<string> {
  const { reader, commands, clock, newId } = options;
  return async (issuer, subject, place) => {
    const found = await reader.findOutsidePrincipal(issuer.id, subject);
    if (found !== undefined) return found.id;
    const [id, commandId] = [newId(), newId()];
    const context = {
      commandId,
      newId: newId(),
      now: clock(),
      principalId: id,
      principalName: `${issuer.name}:${subject}`,
      requestId: commandId,
      address: place.clientAddress,
      host: place.loginServer,
      method: '',
      userAgent: '',
    };
    const lane = place.registry.id;
    const input = { id, trustedIssuer: issuer.id, subject, stream: lane };
    return (await commands.execute('admitSubject', input, { lane, context })).id;
  };
}
