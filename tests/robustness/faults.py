"""Faults below a server: the library of faults.c is preloaded into it and told what shall fail."""

import mmap
import struct
import subprocess
from pathlib import Path

STORE, AUDIT = 1, 2
KINDS = [
    "WRITE_ENOSPC",
    "WRITE_EIO",
    "WRITE_SHORT",
    "WRITE_TORN",
    "SYNC_EIO",
    "TRUNCATE_EIO",
    "READ_EIO",
    "CREATE_ENOSPC",
]
ALWAYS = 1 << 16
WITHOUT_END = 2**32 - 1
SECTOR_BYTES = 512

# The structures of faults.c.
HEAD = struct.Struct("<6IQ8I")
FILE = struct.Struct("<248sII")
RANGE = struct.Struct("<QQ")
FILES, RANGES = 32, 2048
FILE_BYTES = FILE.size + RANGES * RANGE.size


def library(folder):
    """The library, compiled."""
    built, source = folder / "faults.so", Path(__file__).with_name("faults.c")
    warnings = ["-Wall", "-Wextra", "-Werror"]
    command = ["gcc", "-shared", "-fPIC", "-O2", *warnings, "-o", built, source, "-ldl"]
    subprocess.run(command, check=True)
    return built


class Faults:
    """What shall fail in one server, which is started with the environment `env`."""

    def __init__(self, library, path, seed):
        path.write_bytes(bytes(HEAD.size + FILES * FILE_BYTES))
        self.env = {"LD_PRELOAD": str(library), "FAULTS_CONTROL": str(path)}
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0)
        struct.pack_into("<Q", self.map, 24, seed | 1)

    def begin(self, kinds, targets, rate=ALWAYS, skip=0, times=WITHOUT_END):
        """From now on calls fail: of those that could, so many of 65536 (`rate`), after some that
        go well (`skip`), until so many have failed (`times`)."""
        bits = sum(1 << KINDS.index(kind) for kind in kinds)
        struct.pack_into("<6I", self.map, 0, 0, bits, targets, rate, skip, times)
        struct.pack_into("<I", self.map, 0, 1)

    def end(self):
        """No call fails any more."""
        struct.pack_into("<I", self.map, 0, 0)

    @property
    def injected(self):
        """How many calls have failed, by kind."""
        return dict(zip(KINDS, HEAD.unpack_from(self.map)[7:]))

    def count(self):
        """How many calls have failed."""
        return sum(self.injected.values())

    def started(self):
        """A server begins, which knows nothing of the files of another."""
        self.map[HEAD.size :] = bytes(FILES * FILE_BYTES)

    def unsynced(self):
        """What a loss of power could tear: path → ranges that were written, not synchronized."""
        files = {}
        for start in range(HEAD.size, len(self.map), FILE_BYTES):
            name, ranges, overflow = FILE.unpack_from(self.map, start)
            if not name[0] or not ranges:
                continue
            assert not overflow, "too many writes without one synchronization"
            first = start + FILE.size
            found = [RANGE.unpack_from(self.map, first + n * RANGE.size) for n in range(ranges)]
            files[Path(name.rstrip(b"\0").decode())] = found
        return files

    def lose_power(self, rng, targets=STORE | AUDIT):
        """Tears what a killed server had written and not synchronized: of each sector comes to the
        disk what was written, nothing, or something else; and perhaps the file is shorter. Returns
        how many sectors were torn."""
        torn = 0
        for path, ranges in self.unsynced().items():
            target = STORE if path.name.startswith("trent.db") else AUDIT
            if not path.exists() or not targets & target:
                continue
            data = bytearray(path.read_bytes())
            for offset, length in ranges:
                for start in range(offset, min(offset + length, len(data)), SECTOR_BYTES):
                    end = min(start + SECTOR_BYTES, offset + length, len(data))
                    fate = rng.choice(["written", "lost", "other"])
                    if fate != "written":
                        size = end - start
                        data[start:end] = bytes(size) if fate == "lost" else rng.randbytes(size)
                        torn += 1
            last, length = ranges[-1]
            if last + length >= len(data) and rng.random() < 0.5:
                del data[rng.randrange(last, len(data) + 1) :]
            path.write_bytes(data)
        return torn
