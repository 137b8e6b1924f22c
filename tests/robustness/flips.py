"""Flipped bits: places in files, chosen at random among all bytes or among those that hold a SQLite
database together."""

from dataclasses import dataclass

DATABASE_HEADER_BYTES = 100
WAL_HEADER_BYTES = 32
FRAME_HEADER_BYTES = 24
# The kinds of pages of a b-tree, and how long their headers are: interior ones name a right child.
PAGE_HEADER_BYTES = {2: 12, 5: 12, 10: 8, 13: 8}
LEAVES_OF_TABLES = 13


@dataclass(frozen=True)
class Flip:
    """One bit of a file."""

    name: str
    offset: int
    bit: int

    def applied(self, files):
        """The files, by name, with the bit flipped in one of them."""
        changed = bytearray(files[self.name])
        changed[self.offset] ^= 1 << self.bit
        return {**files, self.name: bytes(changed)}


def anywhere(files, rng, count):
    """So many places among all bytes of the files (name → content), each byte as likely."""
    names = list(files)
    sizes = [len(files[name]) for name in names]
    chosen = rng.choices(names, weights=sizes, k=count)
    return [Flip(name, rng.randrange(len(files[name])), rng.randrange(8)) for name in chosen]


def in_structure(files, rng, count):
    """So many places among the bytes of SQLite files that say where everything is: headers of
    files, frames and pages, pointers to cells, and all that is in indexes and in the schema."""
    places = [(name, offset) for name in files for offset in structure(name, files[name])]
    return [Flip(*rng.choice(places), rng.randrange(8)) for _ in range(count)]


def structure(name, data):
    """The offsets of such bytes in a database or its write-ahead log."""
    if name.endswith("-wal"):
        yield from range(min(WAL_HEADER_BYTES, len(data)))
        page_bytes = int.from_bytes(data[8:12])
        step = FRAME_HEADER_BYTES + page_bytes
        for frame in range(WAL_HEADER_BYTES, len(data) - step + 1, step):
            start = frame + FRAME_HEADER_BYTES
            yield from range(frame, start)
            number = int.from_bytes(data[frame : frame + 4])
            yield from structure_of_page(data, start, page_bytes, number)
    else:
        yield from range(DATABASE_HEADER_BYTES)
        page_bytes = int.from_bytes(data[16:18])
        for start in range(0, len(data), page_bytes):
            yield from structure_of_page(data, start, page_bytes, start // page_bytes + 1)


def structure_of_page(data, start, page_bytes, number):
    header = start + (DATABASE_HEADER_BYTES if number == 1 else 0)
    kind = data[header]
    if kind not in PAGE_HEADER_BYTES:
        return
    cells = int.from_bytes(data[header + 3 : header + 5])
    pointers = header + PAGE_HEADER_BYTES[kind] + 2 * cells
    yield from range(header, pointers)
    if kind != LEAVES_OF_TABLES or number == 1:
        content = int.from_bytes(data[header + 5 : header + 7]) or page_bytes
        yield from range(start + content, start + page_bytes)
