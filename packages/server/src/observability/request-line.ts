import type { GatheredLines } from './gathered-lines.ts';

/** What is said of a request in its line of the log. Undefined members are left out. */
export interface RequestLine {
  readonly operation: string;
  readonly status: number;
  readonly durationMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly method: string | undefined;
  readonly requestId: string;
  readonly address: string;
  readonly host: string | undefined;
  readonly registry: string | undefined;
  readonly principal: string | undefined;
  readonly repository: string | undefined;
  readonly reference: string | undefined;
  readonly userAgent: string | undefined;
  readonly outcome: string | undefined;
}

/** Writes the line of a request that is over. */
export type RequestLog = (line: RequestLine) => void;

const infoLevel = 30;

/**
 * The log of requests: the same lines as the logger's own, among them and in their order. They are made here, because a
 * request's members are known and none of them is a secret: looking for secrets in them and finding out what they are
 * was an eighth of a small answer.
 */
export function createRequestLog(
  lines: Pick<GatheredLines, 'lastLevel' | 'write'>,
  thread: string,
): RequestLog {
  const time = isoTimes();
  const ofThread = `,"thread":${JSON.stringify(thread)}`;
  return (line) => {
    lines.lastLevel = infoLevel;
    lines.write(
      `{"level":"info","time":"${time(Date.now())}"${ofThread}${membersOf(line)},"msg":"request"}\n`,
    );
  };
}

function membersOf(line: RequestLine): string {
  const { operation, status, durationMs, bytesIn, bytesOut } = line;
  return (
    `,"operation":"${operation}","status":${status},"durationMs":${durationMs}` +
    `,"bytesIn":${bytesIn},"bytesOut":${bytesOut}` +
    member('method', line.method) +
    member('requestId', line.requestId) +
    member('address', line.address) +
    member('host', line.host) +
    member('registry', line.registry) +
    member('principal', line.principal) +
    member('repository', line.repository) +
    member('reference', line.reference) +
    member('userAgent', line.userAgent) +
    member('outcome', line.outcome)
  );
}

const member = (name: string, value: string | undefined): string =>
  value === undefined ? '' : `,"${name}":${JSON.stringify(value)}`;

/** Dates as ISO 8601 has them; their second is written out once. */
function isoTimes(): (nowMs: number) => string {
  let second = Number.NaN;
  let text = '';
  return (nowMs) => {
    const nowSecond = Math.floor(nowMs / 1000);
    if (nowSecond !== second) {
      second = nowSecond;
      text = new Date(nowSecond * 1000).toISOString().slice(0, -'000Z'.length);
    }
    return `${text}${String(nowMs - nowSecond * 1000).padStart(3, '0')}Z`;
  };
}

/** Where the level leaves requests out. */
export const noRequestLog: RequestLog = () => undefined;
