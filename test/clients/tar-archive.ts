export interface TarEntry {
  /** Path without a leading slash. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Permission bits; 0o644 when left out. */
  readonly mode?: number;
}

const blockBytes = 512;

/** Writes a POSIX ustar archive of regular files, owned by root and dated 1970, so that its bytes never vary. */
export function tarArchive(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap((entry) => [header(entry), entry.bytes, padding(entry.bytes.length)]);
  return Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)]);
}

function header({ path, bytes, mode = 0o644 }: TarEntry): Buffer {
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, at: number, width: number): void => {
    block.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at);
  };
  block.write(path, 0);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(bytes.length, 124, 12);
  octal(0, 136, 12);
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\u000000', 257);
  // The checksum counts its own field as blanks.
  block.write(
    `${block
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return block;
}

function padding(lengthBytes: number): Buffer {
  return Buffer.alloc((blockBytes - (lengthBytes % blockBytes)) % blockBytes);
}
