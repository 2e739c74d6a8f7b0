import { styleText } from 'node:util';

/** What a person reads first; the rest of a line's members follows as `name=value`. */
const leading = new Set(['level', 'time', 'thread', 'msg', 'err', 'pid', 'hostname']);

const styles = {
  trace: 'gray',
  debug: 'gray',
  info: 'green',
  warn: 'yellow',
  error: 'red',
  fatal: 'red',
} as const;

/** A structured line as a person reads it: time, level, message, then the facts; an error's stack below. */
export function textLine(json: string): string {
  const line = JSON.parse(json) as Record<string, unknown>;
  const level = String(line['level']) as keyof typeof styles;
  const time = String(line['time']).slice(11, 23);
  const facts = Object.entries(line)
    .filter(([name, value]) => !leading.has(name) && value !== undefined && value !== '')
    .map(([name, value]) => `${name}=${shown(value)}`);
  const head = `${time} ${styleText(styles[level] ?? 'green', level.padEnd(5))} ${String(line['msg'])}`;
  const stack = (line['err'] as { stack?: unknown } | undefined)?.stack;
  return `${[head, ...facts].join(' ')}\n${typeof stack === 'string' ? `${stack}\n` : ''}`;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return /\s/.test(value) ? JSON.stringify(value) : value;
  return JSON.stringify(value);
}
