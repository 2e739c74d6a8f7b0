import type { FastifyPluginCallback } from 'fastify';
import type { RouteRequirement } from '../admission.ts';
import type { Exchange } from '../exchange.ts';
import { type Answer, respond } from '../respond.ts';

/** What the operator's endpoints show. */
export interface OpsChecks {
  /** Whether requests can be served; the reason, where not, is for the operator's eyes and holds no secret. */
  readonly ready: () => Promise<{ readonly ready: boolean; readonly reason?: string }>;
  /** All figures in the Prometheus text format. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

const text = 'text/plain; charset=utf-8';

/** `/livez`: the process answers. `/readyz`: it can serve. `/metrics`: for addresses in `--metrics-from` only. */
export function createOpsRoutes(
  checks: OpsChecks,
  exchangeOf: (request: { readonly raw: Exchange['request'] }) => Exchange,
): FastifyPluginCallback {
  const routes: readonly { path: string; route: RouteRequirement; answer: () => Promise<Answer> }[] = [
    {
      path: '/livez',
      route: { operation: 'ops.live', requires: { kind: 'nothing' } },
      answer: async () => ({ status: 200, headers: { 'Content-Type': text }, body: 'ok\n' }),
    },
    {
      path: '/readyz',
      route: { operation: 'ops.ready', requires: { kind: 'nothing' } },
      answer: async () => {
        const { ready, reason } = await checks.ready();
        const headers = { 'Content-Type': text, 'Cache-Control': 'no-store' };
        return ready
          ? { status: 200, headers, body: 'ok\n' }
          : { status: 503, headers, body: `${reason ?? 'not ready'}\n` };
      },
    },
    {
      path: '/metrics',
      route: { operation: 'ops.metrics', requires: { kind: 'operator-address' } },
      answer: async () => {
        const metrics = await checks.metrics();
        return {
          status: 200,
          headers: { 'Content-Type': metrics.contentType, 'Cache-Control': 'no-store' },
          body: metrics.text,
        };
      },
    },
  ];
  return (app, _options, done) => {
    for (const { path, route, answer } of routes) {
      app.route({
        method: ['GET', 'HEAD'],
        url: path,
        config: route,
        handler: async (request, reply) => {
          const ready = await answer();
          reply.hijack();
          respond(exchangeOf(request), ready);
        },
      });
    }
    done();
  };
}
