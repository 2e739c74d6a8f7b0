/**
 * Notices that whoever started this process has gone, also when it was killed and could tell nobody.
 *
 * npm runs a script through a shell, which passes no signals on: without this, killing npm leaves the server behind,
 * with its port and its data folder.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);
const shells = /^-?(sh|dash|bash|ash|zsh|ksh|fish|busybox|cmd|powershell|pwsh)(\.exe)?$/i;
/** npm, a shell and a wrapper or two; a longer chain is not npm's. */
const ancestorsMax = 6;
const pollMs = { linux: 500, darwin: 2000, win32: 1000 };

/**
 * Calls `stop` once, when the launcher's channel closes or, for a process that npm started, when npm or the shell
 * between has gone. Does nothing for a process that was started in another way, and keeps no process alive.
 */
export function stopWhenOrphaned(stop) {
  const stopOnce = once(stop);
  if (process.channel !== undefined && process.channel !== null) {
    process.once('disconnect', stopOnce);
    process.channel.unref();
  }
  if (process.env.npm_lifecycle_event !== undefined) void ancestorsUpToNpm().then(watchLinks(stopOnce));
}

/**
 * Calls `stop` once, when whoever asked for this process has gone: the parent of npm where npm started it, and its own
 * or the launcher's parent where not. Keeps no process alive.
 */
export function stopWithStarter(stop) {
  void ancestorsUpToStarter().then(watchLinks(once(stop)));
}

const watchLinks = (stop) => (chain) => {
  const poll = async () => {
    if (await everyLinkHolds(chain)) schedule();
    else stop();
  };
  const schedule = () => setTimeout(() => void poll(), pollMs[process.platform] ?? 2000).unref();
  schedule();
};

function once(stop) {
  let stopped = false;
  return () => {
    if (stopped) return;
    stopped = true;
    stop();
  };
}

/** This process, its parent, and while that is a shell its parent too: `[self, …shells, npm]` as process ids. */
async function ancestorsUpToNpm(chain = [process.pid, process.ppid]) {
  while (chain.length < ancestorsMax) {
    const about = await describeProcess(chain.at(-1));
    if (about === undefined || !shells.test(about.name) || about.parent <= 0) break;
    chain.push(about.parent);
  }
  return chain;
}

async function ancestorsUpToStarter() {
  const chain = [process.pid, process.ppid];
  // A channel means that the launcher runs between, on the Node that was installed.
  if (process.channel !== undefined && process.channel !== null) await pushParent(chain);
  if (process.env.npm_lifecycle_event === undefined) return chain;
  await ancestorsUpToNpm(chain);
  await pushParent(chain);
  return chain;
}

async function pushParent(chain) {
  const about = await describeProcess(chain.at(-1));
  if (about !== undefined && about.parent > 0) chain.push(about.parent);
}

/**
 * A process whose parent ends is given another parent, so the links tell of a death even while the dead one is
 * still in the process table, or when its number has been given to another. Windows has no new parents: there the
 * number must do.
 */
async function everyLinkHolds(chain) {
  for (let at = 1; at < chain.length; at += 1) {
    const [child, parent] = [chain[at - 1], chain[at]];
    if (process.platform === 'win32') {
      if (!isAlive(parent)) return false;
    } else if (child === process.pid) {
      if (process.ppid !== parent) return false;
    } else {
      const about = await describeProcess(child);
      // A look-up can fail for want of memory or processes: that alone must not stop a server.
      if (about === undefined ? !isAlive(child) : about.parent !== parent) return false;
    }
  }
  return true;
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** The name and the parent of a process, or undefined if there is none. */
async function describeProcess(pid) {
  try {
    if (process.platform === 'linux') return fromProc(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    if (process.platform === 'win32') return await fromPowerShell(pid);
    const { stdout } = await run('ps', ['-o', 'ppid=,comm=', '-p', String(pid)]);
    return fromColumns(stdout);
  } catch {
    return undefined;
  }
}

/** proc(5): `pid (name) state ppid …`, where the name may hold spaces and brackets. */
function fromProc(stat) {
  const nameEnd = stat.lastIndexOf(')');
  return {
    name: stat.slice(stat.indexOf('(') + 1, nameEnd),
    parent: Number(stat.slice(nameEnd + 2).split(' ')[1]),
  };
}

function fromColumns(text) {
  const [parent, ...name] = text.trim().split(/\s+/);
  return { name: name.join(' ').split('/').at(-1), parent: Number(parent) };
}

async function fromPowerShell(pid) {
  const query = `$p = Get-CimInstance Win32_Process -Filter 'ProcessId=${pid}'; "$($p.ParentProcessId) $($p.Name)"`;
  const { stdout } = await run('powershell', ['-NoProfile', '-Command', query], { windowsHide: true });
  return fromColumns(stdout);
}
