"""Opens the committed vector of the stored form with nothing of the server's code.

It was written from docs/format.md and prints the SHA-256 of everything that it opened; it ends with an error when one
of them is not what vector.json says.

    pip install cryptography
    python3 test/format/read_vector.py [test/format/vector]
"""

import hashlib
import json
import pathlib
import struct
import sys

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK = 65536
KINDS = {"registry_key": 1, "segment_key": 2, "manifest": 3, "inline": 4, "secret": 5, "system_key": 6}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def xaes_open(key, nonce, sealed, aad):
    """XAES-256-GCM (https://c2sp.org/XAES-256-GCM): CMAC-AES256 of two blocks gives the key of AES-256-GCM."""
    aes = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    block = int.from_bytes(aes.update(bytes(16)), "big")
    mask = (block << 1) & (2**128 - 1)
    if block >> 127:
        mask ^= 0x87
    derived = b""
    for counter in (1, 2):
        message = bytes([0, counter, 0x58, 0]) + nonce[:12]
        derived += aes.update((int.from_bytes(message, "big") ^ mask).to_bytes(16, "big"))
    return AESGCM(derived).decrypt(nonce[12:], sealed, aad)


def open_box(kind, box, context, keys):
    """01 | key number u32 | nonce 24 | ciphertext | tag 16."""
    if box[0] != 1:
        raise ValueError(f"a {kind} box is not sealed")
    (number,) = struct.unpack(">I", box[1:5])
    aad = b"cerulean box\0" + bytes([KINDS[kind]]) + box[:5] + context
    return xaes_open(keys[number], box[5:29], box[29:], aad)


def read_key_ring(text):
    """Lines of number, key and checksum; the checksum is checked too."""
    keys = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        number, key, checksum = line.split()
        key = bytes.fromhex(key)
        expected = sha256(b"cerulean key checksum\0" + struct.pack(">I", int(number)) + key)[:8]
        if checksum != expected:
            raise ValueError(f"the checksum of key {number} is wrong")
        keys[int(number)] = key
    return keys


def segment_header(registry, blob, segment, start):
    return bytes.fromhex("8943524c") + bytes([1, 1, 16, 0]) + struct.pack(">Q", start) + registry + blob + segment


def chunk_nonce(chunk, chunks):
    return bytes(3) + struct.pack(">Q", chunk) + bytes([chunk == chunks - 1])


def open_chunks(key, header, stored, length):
    """`stored` begins with the first chunk; each is followed by its tag."""
    chunks = -(-length // CHUNK)
    aead = AESGCM(key)
    plaintext = b""
    for chunk in range(chunks):
        size = CHUNK if chunk < chunks - 1 else length - chunk * CHUNK
        at = chunk * (CHUNK + 16)
        plaintext += aead.decrypt(chunk_nonce(chunk, chunks), stored[at : at + size + 16], header)
    return plaintext


def check_written_vector():
    """The vector that docs/format.md gives in words."""
    header = segment_header(b"\x11" * 16, b"\x22" * 16, b"\x33" * 16, 0)
    aead = AESGCM(b"\x07" * 32)
    stored = header
    stored += aead.encrypt(chunk_nonce(0, 2), b"\x61" * CHUNK, header)
    stored += aead.encrypt(chunk_nonce(1, 2), b"\x61", header)
    expect("segment of the document", sha256(stored), "10babe0cdcdbcf7d35a67211f4ddff786b39230d69f6ee2ac37f07bf850b317b")


def expect(name, actual, expected):
    print(f"{actual}  {name}")
    if actual != expected:
        sys.exit(f"{name}: expected {expected}")


def read_blob(folder, vector, registry_keys):
    registry = bytes.fromhex(vector["registry"])
    blob = bytes.fromhex(vector["blob"]["id"])
    data = (folder / vector["blob"]["objectFile"]).read_bytes()
    content = b""
    for row in vector["blob"]["segments"]:
        start, length = row["startBytes"], row["lengthBytes"]
        if start != len(content):
            raise ValueError("the segments have a gap")
        if "inlineBox" in row:
            context = registry + blob + struct.pack(">Q", start)
            part = open_box("inline", (folder / row["inlineBox"]).read_bytes(), context, registry_keys)
        else:
            header = segment_header(registry, blob, bytes.fromhex(row["segment"]), start)
            at = row["objectOffset"]
            if data[at : at + 64] != header:
                raise ValueError("the stored header is not the row's")
            context = header + bytes.fromhex(row["object"]) + struct.pack(">QQ", at, length)
            key = open_box("segment_key", (folder / row["keyBox"]).read_bytes(), context, registry_keys)
            part = open_chunks(key, header, data[at + 64 :], length)
        if len(part) != length:
            raise ValueError("a segment has another length than its row")
        content += part
    return content


def main():
    here = pathlib.Path(__file__).parent
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here / "vector"
    vector = json.loads((folder / "vector.json").read_text())
    registry = bytes.fromhex(vector["registry"])
    roots = read_key_ring((folder / vector["rootKeyFile"]).read_text())
    number = vector["registryKey"]["number"]
    box = (folder / vector["registryKey"]["box"]).read_bytes()
    registry_keys = {number: open_box("registry_key", box, registry + struct.pack(">I", number), roots)}

    check_written_vector()
    expect("blob", sha256(read_blob(folder, vector, registry_keys)), vector["blob"]["sha256"])

    manifest = vector["manifest"]
    digest = manifest["digest"].removeprefix("sha256:")
    box = (folder / manifest["box"]).read_bytes()
    context = registry + b"\x01" + bytes.fromhex(digest)
    expect("manifest", sha256(open_box("manifest", box, context, registry_keys)), digest)

    secret = vector["secret"]
    context = bytes.fromhex(secret["owner"] + secret["row"]) + struct.pack(">H", secret["column"])
    box = (folder / secret["box"]).read_bytes()
    expect("secret", sha256(open_box("secret", box, context, registry_keys)), secret["sha256"])

    system = vector["systemKey"]
    context = struct.pack(">HI", system["purpose"], system["version"])
    box = (folder / system["box"]).read_bytes()
    expect("system key", sha256(open_box("system_key", box, context, roots)), system["sha256"])


if __name__ == "__main__":
    main()
