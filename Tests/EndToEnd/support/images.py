"""Bytes that begin as an image does; Sluice judges nothing but the first of them."""

import functools
import random

MAGIC = {
    "jpeg": b"\xff\xd8\xff",
    "png": b"\x89PNG\r\n\x1a\n",
    "gif": b"GIF89a",
}
KIB = 1024
MIB = 1024 * KIB
CAP = 5 * MIB


@functools.lru_cache(maxsize=64)
def image(kind: str, size: int) -> bytes:
    """An image of exactly `size` bytes whose content repeats nowhere, so that lost or swapped blocks show."""
    magic = MAGIC[kind]
    assert size >= len(magic)
    return magic + random.Random(f"{kind}{size}").randbytes(size - len(magic))
