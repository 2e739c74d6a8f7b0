import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../tools/run-command.ts';

/** EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH: what was not synced is gone, and every later write fails. */
const cutScript = [
  'open(my $folder, "<", $ARGV[0]) or die "open: $!";',
  'my $flags = pack("L", 2);',
  'ioctl($folder, 0x8004587d, $flags) or die "ioctl: $!";',
].join(' ');

/** An ext4 in a file, mounted through a loop device: its power can be cut without ending the machine. Needs root. */
export class LoopFilesystem implements AsyncDisposable {
  readonly folder: string;
  readonly #scratch: string;
  #image: string;
  #mounts = 0;

  private constructor(scratch: string) {
    this.#scratch = scratch;
    this.folder = join(scratch, 'disk');
    this.#image = join(scratch, 'disk-0.img');
  }

  static async create(scratch: string, sizeBytes = 256 * 1024 ** 2): Promise<LoopFilesystem> {
    const filesystem = new LoopFilesystem(scratch);
    await mkdir(filesystem.folder, { recursive: true });
    await using image = await open(filesystem.#image, 'w');
    await image.truncate(sizeBytes);
    await runCommand('mkfs.ext4', ['-q', '-F', filesystem.#image]);
    await filesystem.#mount();
    return filesystem;
  }

  /** The power goes. Whoever has files open there can only close them. */
  async cutPower(): Promise<void> {
    await runCommand('perl', ['-e', cutScript, this.folder]);
  }

  /**
   * Mounts what the disk holds, as a machine does that starts again; ext4 replays its journal. Nobody may use it.
   * It is a copy that is mounted: when another mount namespace holds the first one, the kernel would hand out the
   * file system that was cut.
   */
  async mountAgain(): Promise<void> {
    await runCommand('umount', [this.folder]);
    const before = this.#image;
    this.#mounts += 1;
    this.#image = join(this.#scratch, `disk-${this.#mounts}.img`);
    await runCommand('cp', ['--sparse=always', before, this.#image]);
    await rm(before);
    await this.#mount();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await runCommand('umount', [this.folder]);
  }

  async #mount(): Promise<void> {
    await runCommand('mount', ['-o', 'loop', this.#image, this.folder]);
  }
}
