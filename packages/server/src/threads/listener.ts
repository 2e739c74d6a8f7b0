import { createServer, type Server, type Socket } from 'node:net';
import { portHolder } from './port-holder.ts';

/** Connections that wait until a thread takes them. */
const backlog = 1024;

/** The port can't be had; the message says by whom it is held and what to do. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken';
}

/**
 * Takes the port for this process alone and hands each connection on, still unread. No `reusePort`: two servers that
 * share one port answer in turns, and nobody notices.
 */
export async function listen(
  address: { readonly host: string; readonly port: number },
  handOver: (socket: Socket) => void,
  flag = '--port N',
): Promise<{ server: Server; port: number }> {
  const server = createServer({ pauseOnConnect: true }, handOver);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, address, flag)));
    server.listen({ ...address, backlog, exclusive: true }, resolve);
  });
  const bound = server.address();
  return { server, port: typeof bound === 'object' && bound !== null ? bound.port : address.port };
}

/** The system's error in words that help. `flag` is the setting that the port comes from. */
export function listenError(
  error: Error,
  address: { readonly host: string; readonly port: number },
  flag = '--port N',
): Error {
  const code = (error as { code?: string }).code;
  if (code === 'EADDRINUSE') {
    const holder = portHolder(address.port);
    return new PortTaken(
      `Port ${address.port} on ${address.host} is in use${holder === undefined ? '' : ` by ${holder}`}.\n` +
        `Stop that program first, or choose another port: ${flag} (0 takes any free one)`,
    );
  }
  if (code === 'EACCES') {
    const orAllow =
      process.platform === 'linux'
        ? `, or give it to all users: sudo sysctl net.ipv4.ip_unprivileged_port_start=${address.port}`
        : '';
    return new PortTaken(
      `Port ${address.port} needs more rights than this user has: choose one above 1023 with ${flag}${orAllow}.`,
    );
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new PortTaken(
      `This machine has no address ${address.host}: choose another with ${flag === '--port N' ? '--host' : flag}.`,
    );
  }
  return error;
}
