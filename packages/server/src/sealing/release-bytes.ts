/**
 * Gives an array's memory back at once, where the array is all of its ArrayBuffer; otherwise does nothing. Nobody may
 * use the array afterwards. Left to the collector, large buffers were a fifth of the time of a push.
 */
export function releaseBytes(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && bytes.byteLength === buffer.byteLength && !buffer.detached) {
    buffer.transfer(0);
  }
}
