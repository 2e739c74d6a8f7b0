import type { Reply } from '../process/http-call.ts';
import { RegistryClient } from '../process/registry-client.ts';

/** A connection that neither answered nor ended. */
export class ServerSilent extends Error {
  override readonly name = 'ServerSilent';
}

/** Far longer than anything here takes: a request that waits so long was forgotten. */
const answerMsMax = 60_000;

/** A client that does not wait for ever. */
export class ImpatientClient extends RegistryClient {
  override async call(...request: Parameters<RegistryClient['call']>): Promise<Reply> {
    const late = Promise.withResolvers<never>();
    const giveUp = (): void => {
      const { method = 'GET' } = request[1] ?? {};
      late.reject(
        new ServerSilent(`${method} ${request[0]}: neither an answer nor an end in ${answerMsMax} ms`),
      );
    };
    const timer = setTimeout(giveUp, answerMsMax);
    return await Promise.race([super.call(...request), late.promise]).finally(() => clearTimeout(timer));
  }
}
