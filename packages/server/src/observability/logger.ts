import pino from 'pino';
import { textLine } from './text-lines.ts';

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

export interface LoggerOptions {
  readonly level: string;
  /** Tells the threads apart. */
  readonly thread: string;
  /** `text` for a person at a terminal. */
  readonly format: 'json' | 'text';
}

/**
 * Structured logs on standard output, a line each. Errors are written at once, with everything before them, so that
 * what led to a crash is there. Whoever ends calls `flush`.
 */
export function createLogger(options: LoggerOptions): Logger {
  const destination = pino.destination({ fd: 1, sync: true, minLength: gatheredBytes });
  setInterval(() => destination.flushSync(), gatheredMs).unref();
  const stream =
    options.format === 'json'
      ? destination
      : {
          write: (line: string): void => void destination.write(textLine(line)),
          flush: (): void => destination.flushSync(),
        };
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
    stream,
  );
}

/** `auto` is text where a person reads, and JSON where a program does. */
export function logFormatOf(setting: 'auto' | 'json' | 'text', isTerminal: boolean): 'json' | 'text' {
  if (setting !== 'auto') return setting;
  return isTerminal ? 'text' : 'json';
}
