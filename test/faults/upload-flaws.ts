import type { Driver } from './driver.ts';
import { present, registerName, type State } from './registers.ts';

/**
 * What is wrong with the uploads that were not finished: each stands at a byte that was acknowledged, or at one that
 * was sent later, and can go on from there. An upload that is gone was finished by a request without an answer.
 */
export async function uploadFlaws(driver: Driver, state: State): Promise<string[]> {
  const flaws: string[] = [];
  for (const upload of driver.unfinished) {
    const { place, digest, keptBytes, sentBytes } = upload;
    const reply = await driver.client(place).get(upload.path);
    const told = `the upload of ${digest} to ${place.registry}/${place.repository}`;
    if (reply.status === 404) {
      if (state.get(registerName('blob', place, digest)) !== present)
        flaws.push(`${told} is gone, though ${keptBytes} bytes were acknowledged`);
      driver.unfinished.delete(upload);
      continue;
    }
    const offsetBytes = offsetIn(reply.headers.range);
    if (reply.status !== 204 || offsetBytes < keptBytes || offsetBytes > sentBytes)
      flaws.push(`${told} stands at ${offsetBytes} (${reply.status}), not in ${keptBytes}–${sentBytes}`);
    upload.keptBytes = offsetBytes;
    upload.path = reply.headers.location ?? upload.path;
  }
  return flaws;
}

/** `0-99` says that 100 bytes are there; `0-0` says that none is. */
function offsetIn(range: string | undefined): number {
  const last = Number(/^0-(\d+)$/.exec(range ?? '')?.[1] ?? Number.NaN);
  return last === 0 ? 0 : last + 1;
}
