import pino from 'pino';

export type Logger = pino.Logger;

/** Where a secret could stand in what is logged: it is cut out even if somebody passes it by mistake. */
const redacted = [
  'authorization',
  'password',
  'refresh_token',
  'access_token',
  '*.authorization',
  '*.password',
  '*.refresh_token',
  '*.access_token',
  'headers.authorization',
  'req.headers.authorization',
];

/** Structured logs on standard output, a line each. `thread` tells the serving threads apart. */
export function createLogger(options: { readonly level: string; readonly thread: string }): Logger {
  return pino(
    {
      level: options.level,
      base: { thread: options.thread },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redacted, censor: '[secret]' },
    },
    // Synchronous, so that the last lines before a crash are there; each thread writes whole lines.
    pino.destination({ fd: 1, sync: true }),
  );
}
