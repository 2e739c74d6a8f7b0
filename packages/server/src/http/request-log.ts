import type { Logger } from '../observability/logger.ts';
import type { RequestObserver } from '../observability/metrics.ts';
import type { RequestLine } from '../observability/request-line.ts';
import { type Exchange, repositoryNameOf } from './exchange.ts';
import type { Target } from './target.ts';

/** The status of a request whose client went away, in logs and figures only (as nginx has it). */
const clientGone = 499;

export interface Watching {
  readonly log: Logger;
  readonly observer: RequestObserver;
  readonly nowMs: () => number;
}

/** Writes one line and one set of figures when the exchange is over. The only place where requests are logged. */
export function watchExchange(exchange: Exchange, operation: string, watching: Watching): void {
  const bytesBefore = exchange.request.socket.bytesWritten;
  watching.observer.started(operation);
  exchange.whenClosed(() => {
    const line = lineOf(exchange, operation, { nowMs: watching.nowMs(), bytesBefore });
    watching.observer.finished(line);
    watching.log.request(line);
  });
}

/** Never the URL as it came: it may hold an upload's token, or a secret that somebody put into a query. */
function lineOf(
  exchange: Exchange,
  operation: string,
  { nowMs, bytesBefore }: { readonly nowMs: number; readonly bytesBefore: number },
): RequestLine {
  const { admission, url, request, response } = exchange;
  return {
    operation,
    status: response.writableFinished ? response.statusCode : clientGone,
    durationMs: Math.round((nowMs - exchange.startedAtMs) * 10) / 10,
    bytesIn: exchange.bytesIn,
    bytesOut: request.socket.bytesWritten - bytesBefore,
    method: request.method,
    requestId: exchange.requestId,
    address: admission?.clientAddress ?? exchange.peerAddress,
    host: admission?.host ?? request.headers.host,
    registry: admission?.registry.name,
    principal: admission?.caller.principal.name,
    repository: repositoryNameOf(url.target),
    reference: referenceOf(url.target),
    userAgent: admission?.userAgent,
    outcome: exchange.outcome,
  };
}

function referenceOf(target: Target): string | undefined {
  if (target.kind === 'manifest') return target.reference;
  if ('digest' in target) return target.digest;
  return target.kind === 'acrTag' ? target.tag : undefined;
}
