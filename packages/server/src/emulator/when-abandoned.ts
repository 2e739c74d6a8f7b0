import { fstatSync, statSync } from 'node:fs';
import { isatty } from 'node:tty';
import { stopWithStarter } from '../../../../bin/lifeline.mjs';

/**
 * Calls `end` when nobody is left who wants this process: its standard input ends, or whoever started it has gone, with
 * or without npm between. May call it for both.
 */
export function whenAbandoned(end: (why: string) => void): void {
  stopWithStarter(() => end('whoever started it has ended'));
  if (!tellsOfItsEnd()) return;
  const ended = (): void => end('its standard input has ended');
  process.stdin.once('end', ended).once('close', ended).once('error', ended);
  // Nothing is expected on it; what comes all the same must not keep the end from being seen.
  process.stdin.resume();
  // A start that fails ends the process, whatever its input does. A file has no such method, and ends at once.
  (process.stdin as { unref?(): void }).unref?.();
}

/**
 * Not a terminal, which has Ctrl+C, and which stops a process that reads in the background; nor /dev/null, which is how
 * a program is started that shall have no standard input.
 */
function tellsOfItsEnd(): boolean {
  if (isatty(0)) return false;
  if (process.platform === 'win32') return true;
  const input = fstatSync(0);
  return !(input.isCharacterDevice() && input.rdev === statSync('/dev/null').rdev);
}
