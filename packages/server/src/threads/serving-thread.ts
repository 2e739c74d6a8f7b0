/** A serving thread: it takes connections from main and serves them; writes go to the writer's thread. */

import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { openServing } from '../compose.ts';
import { createLogger, type Logger } from '../observability/logger.ts';
import { createThreadMetrics, metricsContentType, type ThreadMetrics } from '../observability/metrics.ts';
import { processSources } from '../process-sources.ts';
import { readKeyRing } from '../sealing/key-ring-file.ts';
import { SharedEpochs } from '../storage/writer/shared-epochs.ts';
import { listenError } from './listener.ts';
import { MetricsTexts } from './metrics-texts.ts';
import type { ServingOrder, ServingReport, ServingThreadData } from './serving-protocol.ts';

if (parentPort !== null) void start(parentPort, workerData as ServingThreadData);

async function start(main: MessagePort, data: ServingThreadData): Promise<void> {
  const report = (message: ServingReport): void => main.postMessage(message);
  try {
    const metrics = createThreadMetrics();
    const log = createLogger({
      level: data.config.logLevel,
      thread: data.name,
      format: data.config.logFormat,
      descriptor: data.config.logDescriptor,
    });
    const texts = new MetricsTexts(report);
    const serving = await openServing({
      ...data,
      // Each thread reads the key itself: it never travels in a message.
      ring: await readKeyRing(data.config.rootKeyFile),
      epochs: new SharedEpochs(data.epochs),
      sources: processSources(),
      log,
      observer: metrics,
      metrics: async () => ({ contentType: metricsContentType, text: await texts.ask() }),
    });
    main.on(
      'message',
      (order: ServingOrder) => void carryOut(order, { serving, metrics, texts, log, report }),
    );
    const port = data.listen === undefined ? undefined : await listenHere(serving.server, data.listen);
    if (data.listenForMetadata !== undefined)
      await listenHere(serving.metadataServer, data.listenForMetadata, '--metadata-listen ADDRESS:PORT');
    report({ report: 'ready', port });
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    report({ report: 'failed', message, code: typeof code === 'string' ? code : undefined });
    main.close();
  }
}

interface Thread {
  readonly serving: Awaited<ReturnType<typeof openServing>>;
  readonly metrics: ThreadMetrics;
  readonly texts: MetricsTexts;
  readonly log: Logger;
  readonly report: (message: ServingReport) => void;
}

async function carryOut(
  order: ServingOrder,
  { serving, metrics, texts, log, report }: Thread,
): Promise<void> {
  switch (order.order) {
    case 'connection':
      takeConnection(order.door === 'main' ? serving.server : serving.metadataServer, order.socket);
      break;
    case 'snapshot':
      report({ report: 'snapshot', id: order.id, snapshot: await metrics.snapshot() });
      break;
    case 'metrics':
      texts.settle(order.id, order.text);
      break;
    case 'certificate':
      if (serving.server instanceof TlsServer)
        serving.server.setSecureContext({ cert: order.cert, key: order.key });
      break;
    case 'drain':
      await serving.drain(order.withinMs);
      await serving[Symbol.asyncDispose]();
      log.flush();
      report({ report: 'drained' });
      break;
  }
}

/** Small answers must not wait for more to come (Nagle's algorithm); main has left the socket unread. */
function takeConnection(
  server: { emit(event: 'connection', socket: Socket): boolean },
  socket: Socket,
): void {
  socket.setNoDelay(true);
  server.emit('connection', socket);
  socket.resume();
}

async function listenHere(
  server: Thread['serving']['server'],
  address: { readonly host: string; readonly port: number },
  flag?: string,
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, address, flag)));
    server.listen({ ...address, exclusive: true }, resolve);
  });
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : address.port;
}
