import { join } from 'node:path';
import { startProcess } from '../tools/background-process.ts';
import { freeLoopbackPort } from '../tools/free-loopback-port.ts';
import { toolFile } from '../tools/tool-location.ts';

/** A fault of the network, in Toxiproxy's words; sizes in bytes, rates in KB a second, times as each says. */
export type Toxic =
  /** Milliseconds. */
  | { readonly type: 'latency'; readonly attributes: { readonly latency: number; readonly jitter: number } }
  | { readonly type: 'bandwidth'; readonly attributes: { readonly rate: number } }
  /** Bytes come in slices, microseconds apart. */
  | {
      readonly type: 'slicer';
      readonly attributes: { readonly average_size: number; readonly delay: number };
    }
  /** The connection is closed after so many bytes. */
  | { readonly type: 'limit_data'; readonly attributes: { readonly bytes: number } }
  /**
   * Connections that are made from now on are reset, on both sides, where another fault closes them. With a toxicity
   * above 0 nothing would come through at all, so there would be nothing to be broken off in the middle.
   */
  | { readonly type: 'reset_peer'; readonly toxicity: 0; readonly attributes: { readonly timeout: 0 } }
  /** Nothing comes through any more; with 0 the connection stays open for ever, as after a pulled cable. */
  | { readonly type: 'timeout'; readonly attributes: { readonly timeout: number } };

/** `upstream` is what the client sends, `downstream` what the server answers. */
export type Direction = 'upstream' | 'downstream';

export interface FaultyNetwork extends AsyncDisposable {
  /** Where a client reaches the server through the network. */
  readonly url: string;
  /** Adds a fault for all that goes through from now on. */
  add(direction: Direction, toxic: Toxic): Promise<void>;
  /** Takes all faults away. Connections that hang because of one go on, or are closed. */
  heal(): Promise<void>;
}

/** A network between clients and a server on loopback. @param folder for its log */
export async function startFaultyNetwork(
  server: { readonly port: number },
  folder: string,
): Promise<FaultyNetwork> {
  const [apiPort, port] = [await freeLoopbackPort(), await freeLoopbackPort()];
  const proxy = startProcess(toolFile('toxiproxy'), ['-host', '127.0.0.1', '-port', String(apiPort)], {
    logFile: join(folder, `toxiproxy-${apiPort}.log`),
  });
  const api = async (method: string, path: string, body?: object): Promise<void> => {
    const answer = await fetch(`http://127.0.0.1:${apiPort}${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`Toxiproxy: ${method} ${path}: ${answer.status} ${await answer.text()}`);
  };
  await proxy.waitUntil(
    () =>
      api('GET', '/version').then(
        () => true,
        () => false,
      ),
    20_000,
  );
  const upstream = `127.0.0.1:${server.port}`;
  await api('POST', '/proxies', { name: 'registry', listen: `127.0.0.1:${port}`, upstream, enabled: true });
  return {
    url: `http://127.0.0.1:${port}`,
    add: (stream, toxic) =>
      api('POST', '/proxies/registry/toxics', { ...toxic, stream, name: `${toxic.type}-${stream}` }),
    heal: () => api('POST', '/reset'),
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}
