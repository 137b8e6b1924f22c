"""Looks for secrets in files and in the memory of a process: raw, backwards, in hexadecimal and in
base64, whatever stands before them."""

import base64
import os
import subprocess
from pathlib import Path

import zstandard

# How many bytes in a row count as a find.
RUN_BYTES = 16


class Scanner:
    """Knows secrets, and finds what is left of them."""

    def __init__(self, folder):
        self.folder = folder
        self.binary = folder / "scan"
        source = Path(__file__).with_name("scan.c")
        compiled = ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", self.binary, source]
        subprocess.run(compiled, check=True)
        # Bytes → the kind of secret and the form that they are of.
        self.patterns = {}

    def add(self, kind, secret):
        """A secret of at least 16 bytes: its begin, middle and end are looked for."""
        secret = secret.encode() if isinstance(secret, str) else bytes(secret)
        assert len(secret) >= RUN_BYTES, kind
        for start in {0, (len(secret) - RUN_BYTES) // 2, len(secret) - RUN_BYTES}:
            for form, pattern in forms(secret[start : start + RUN_BYTES]):
                self.patterns.setdefault(pattern, f"{kind}, {form}")

    def _written(self):
        path = self.folder / "patterns"
        with open(path, "wb") as file:
            for pattern in self.patterns:
                file.write(len(pattern).to_bytes(4, "little") + pattern)
        return path

    def found(self, pieces):
        """What is found in data that comes in pieces: descriptions → how often."""
        command = [self.binary, self._written()]
        names, counts = list(self.patterns.values()), {}
        output = self.folder / "found"
        with open(output, "wb") as file:
            scan = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=file)
            for piece in pieces:
                scan.stdin.write(piece)
            scan.stdin.close()
            assert scan.wait() == 0
        for line in output.read_text().splitlines():
            name = names[int(line.split()[0])]
            counts[name] = counts.get(name, 0) + 1
        return counts

    def found_in_files(self, paths):
        """What is found in which file; of compressed ones also in what they contain."""
        found = {}
        for path in paths:
            pieces = [path.read_bytes()]
            if path.suffix == ".zst":
                pieces.append(zstandard.ZstdDecompressor().decompressobj().decompress(pieces[0]))
            if counts := self.found(pieces):
                found[path.name] = counts
        return found

    def found_in_memory(self, process):
        """What is found in the memory of a process, which only root may read."""
        return self.found(memory(process))


def forms(run):
    """What a run of bytes may look like."""
    yield "raw", run
    yield "backwards", run[::-1]
    yield "hex", run.hex().encode()
    yield "HEX", run.hex().upper().encode()
    for before in range(3):
        text = base64.b64encode(bytes(before) + run)
        # Without the characters that depend on what stands before and after.
        begin = -(-before * 8 // 6)
        end = (before + len(run)) * 8 // 6
        yield f"base64 after {before}", text[begin:end]


def may_read_memory(process):
    """Whether this test may read the memory of a server."""
    try:
        with open(f"/proc/{process}/mem", "rb"):
            return True
    except PermissionError:
        return False


def memory(process):
    """All memory that a core dump would have, piece by piece."""
    maps = Path(f"/proc/{process}/maps").read_text().splitlines()
    with open(f"/proc/{process}/mem", "rb", buffering=0) as file:
        for line in maps:
            addresses, access, *_ = line.split()
            if not access.startswith("r") or line.endswith(OF_THE_KERNEL):
                continue
            begin, end = (int(address, 16) for address in addresses.split("-"))
            for start in range(begin, end, PIECE_BYTES):
                try:
                    yield os.pread(file.fileno(), min(PIECE_BYTES, end - start), start)
                except OSError:
                    # Guard pages and the like.
                    continue


PIECE_BYTES = 1 << 24
OF_THE_KERNEL = ("[vvar]", "[vvar_vclock]", "[vsyscall]")
