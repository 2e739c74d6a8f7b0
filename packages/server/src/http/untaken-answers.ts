import type { Exchange } from './exchange.ts';

/**
 * Disconnects clients that don't take the end of an answer: those whose answer was complete at one look and is still on
 * its way at the next. One timer looks at all of them; a timer for each answer would cost every small one its share.
 */
export function watchUntakenAnswers(running: Iterable<Exchange>, everyMs: number): Disposable {
  let before = new Set<Exchange>();
  const timer = setInterval(() => {
    const now = new Set<Exchange>();
    for (const exchange of running) {
      if (!exchange.answered) continue;
      if (before.has(exchange)) exchange.response.destroy();
      else now.add(exchange);
    }
    before = now;
  }, everyMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
