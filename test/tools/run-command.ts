import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';

export interface CommandOptions {
  readonly cwd?: string;
  /** The whole environment of the command; the caller's own when left out. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  /** The command is killed after this time. */
  readonly timeoutMs?: number;
}

export interface CommandResult {
  /** Exit code; 128 + signal number is not used: a killed command rejects. */
  readonly code: number;
  readonly stdout: string;
  readonly stdoutBytes: Buffer;
  readonly stderr: string;
}

const defaultTimeoutMs = 120_000;
const pipesGraceMs = 2_000;

/** A command ended otherwise than with exit code 0; the message holds the end of its output. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly result: CommandResult;

  constructor(commandLine: string, result: CommandResult) {
    super(`${commandLine}\nended with ${result.code}:\n${tail(`${result.stdout}\n${result.stderr}`, 40)}`);
    this.result = result;
  }
}

/**
 * Runs a command to its end and returns what it printed.
 * Throws CommandFailed unless the command exits with 0.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const result = await tryCommand(command, args, options);
  if (result.code !== 0) throw new CommandFailed([command, ...args].join(' '), result);
  return result;
}

/** Like runCommand, but returns the result of a command that fails too. Throws when it can't be started. */
export async function tryCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? defaultTimeoutMs,
    killSignal: 'SIGKILL',
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  // A command that reads no input closes the pipe early: that is no failure.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const ended = Promise.withResolvers<number>();
  child.once('error', (cause) => ended.reject(new Error(`${command} could not be started.`, { cause })));
  // A process that the command leaves behind may hold its pipes open for ever: its own end counts.
  child.once('exit', () => setTimeout(closePipes, pipesGraceMs, child).unref());
  child.once('close', (code, signal) => {
    if (code !== null) return ended.resolve(code);
    const output = tail(Buffer.concat([...stdout, ...stderr]).toString(), 40);
    ended.reject(new Error(`${command} ${args.join(' ')} was ended by ${signal}:\n${output}`));
  });
  const code = await ended.promise;
  const stdoutBytes = Buffer.concat(stdout);
  return { code, stdout: stdoutBytes.toString(), stdoutBytes, stderr: Buffer.concat(stderr).toString() };
}

function closePipes(child: ChildProcessWithoutNullStreams): void {
  child.stdout.destroy();
  child.stderr.destroy();
}

/** The last lines of a text, each shortened to 400 characters. */
export function tail(text: string, lineCount: number): string {
  const lines = text.trimEnd().split('\n').slice(-lineCount);
  return lines.map((line) => (line.length > 400 ? `${line.slice(0, 400)}…` : line)).join('\n');
}
