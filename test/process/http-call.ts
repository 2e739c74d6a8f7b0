import { type Agent, type ClientRequest, type IncomingHttpHeaders, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { buffer } from 'node:stream/consumers';

export interface Call {
  readonly url: string;
  readonly method?: string;
  /** The Host header, where it is another than the URL's: tenants are told apart by it. */
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly agent?: Agent;
  /** PEM of the authority to trust. */
  readonly ca?: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The body as text. */
  readonly text: string;
  /** Code of the first error, as the distribution API has it. */
  readonly errorCode: string | undefined;
}

/** One request on a connection of its own, unless an agent is given. Unlike `fetch` it sends any Host header. */
export async function call(options: Call): Promise<Reply> {
  const body = typeof options.body === 'string' ? Buffer.from(options.body) : options.body;
  const request = openCall({
    ...options,
    headers: { ...options.headers, ...(body === undefined ? {} : { 'content-length': String(body.length) }) },
  });
  request.end(body);
  return replyTo(request);
}

/** A request whose body the test sends itself, at its own pace. */
export function openCall(options: Omit<Call, 'body'>): ClientRequest {
  const { url, method = 'GET', host, headers = {}, agent = false, ca } = options;
  const all = { ...headers, ...(host === undefined ? {} : { host }) };
  // The first bytes are told when they come: without this the headers wait for the body.
  return url.startsWith('https:')
    ? requestHttps(url, { method, headers: all, agent: false, ...(ca === undefined ? {} : { ca }) })
    : requestHttp(url, { method, headers: all, agent });
}

/** The answer to a request, whole. Rejects when the connection breaks before its end. */
export async function replyTo(request: ClientRequest): Promise<Reply> {
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', reject);
  });
  const body = await buffer(response);
  const text = body.toString();
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body,
    text,
    errorCode: /"code":"([A-Z_]+)"/.exec(text)?.[1],
  };
}
