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

/** pino's number of `error`; what is as grave has this or more. */
const errorLevel = 50;

/** Lines are written together when this much has gathered, or after this time: a write for each costs a tenth of a small answer. */
const gatheredBytes = 8 * 1024;
const gatheredMs = 250;

/**
 * Structured logs on standard output, a line each. `thread` tells the serving threads apart. Errors are written at
 * once, with everything before them; so what led to a crash is there.
 */
export function createLogger(options: { readonly level: string; readonly thread: string }): Logger {
  const destination = pino.destination({ fd: 1, sync: true, minLength: gatheredBytes });
  setInterval(() => destination.flushSync(), gatheredMs).unref();
  return pino(
    {
      level: options.level,
      base: { thread: options.thread },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redacted, censor: '[secret]' },
      hooks: {
        logMethod(inputs, method, level) {
          method.apply(this, inputs);
          if (level >= errorLevel) destination.flushSync();
        },
      },
    },
    destination,
  );
}
