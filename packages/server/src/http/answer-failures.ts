import type { FastifyInstance } from 'fastify';
import { StorageFailure } from '../storage-failure.ts';
import type { HeaderValues } from './common-headers.ts';
import { type Exchange, exchangeOf } from './exchange.ts';
import { respond } from './respond.ts';

/** A failure in the form of one protocol; `bug` as its outcome is what nobody expected, and is logged as such. */
interface FailureAnswer {
  readonly outcome: string;
  readonly status: number;
  readonly headers: HeaderValues;
  readonly body: string;
}

/** Answers what the surface's handlers throw by its own table. */
export function answerFailures(
  app: FastifyInstance,
  translate: (error: unknown, exchange: Exchange) => FailureAnswer,
): void {
  app.setErrorHandler((error, request, reply) => {
    const exchange = exchangeOf(request.raw);
    const { outcome, status, headers, body } = translate(error, exchange);
    exchange.outcome = outcome;
    const { requestId } = exchange;
    if (outcome === 'bug') request.log.error({ requestId, err: error }, 'bug');
    if (error instanceof StorageFailure)
      request.log.warn({ requestId, failure: error.code, err: error }, 'storage failure');
    reply.hijack();
    respond(exchange, { status, headers, body });
  });
}
