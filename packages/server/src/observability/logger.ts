import pino from 'pino';
import { GatheredLines } from './gathered-lines.ts';
import { createRequestLog, noRequestLog, type RequestLog } from './request-line.ts';
import { textLine } from './text-lines.ts';

export type Logger = pino.Logger & { readonly request: RequestLog };

/**
 * Where a secret could stand in what is logged: it is cut out even if somebody passes it by mistake. No wildcards: they
 * make every line pay for a search through all of its members.
 */
const redacted = [
  'authorization',
  'password',
  'refresh_token',
  'access_token',
  'headers.authorization',
  'req.headers.authorization',
];

export interface LoggerOptions {
  readonly level: string;
  /** Tells the threads apart. */
  readonly thread: string;
  /** `text` for a person at a terminal. */
  readonly format: 'json' | 'text';
  /** 1 is standard output, which is what it is without one, and 2 is standard error. */
  readonly descriptor?: 1 | 2;
}

/** Structured logs on standard output or standard error, a line each. Whoever ends calls `flush`. */
export function createLogger(options: LoggerOptions): Logger {
  const format = options.format === 'json' ? (line: string): string => line : textLine;
  const { level, thread, descriptor = 1 } = options;
  const lines = new GatheredLines(descriptor, format);
  const log = pino(
    {
      level,
      base: { thread },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redacted, censor: '[secret]' },
    },
    lines,
  );
  const request = log.isLevelEnabled('info') ? createRequestLog(lines, thread) : noRequestLog;
  return Object.assign(log, { request });
}

/** `auto` is text where a person reads, and JSON where a program does. */
export function logFormatOf(setting: 'auto' | 'json' | 'text', isTerminal: boolean): 'json' | 'text' {
  if (setting !== 'auto') return setting;
  return isTerminal ? 'text' : 'json';
}
