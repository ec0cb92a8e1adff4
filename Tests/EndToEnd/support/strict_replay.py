"""Runs the shared `replay.py` (first argument) with this gateway's answers about images read as what they are.

The script knows only status codes, and takes every 400 for "malformed message". The gateway also answers 400 when a
well-formed message brings what is no image; such an answer has an `IMAGE-…` code, and counts as 415 here.
"""

import importlib.util
import re
import sys

ABOUT_AN_IMAGE = re.compile(rb'HTTP/1\.1 400 (?=[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n\{[^{}\r\n]*"code":"IMAGE-)')


def load(path):
    specification = importlib.util.spec_from_file_location("replay", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def main():
    replay = load(sys.argv[1])
    parse = replay.parse

    def parse_with_codes(received, methods, is_ended):
        return parse(bytearray(ABOUT_AN_IMAGE.sub(b"HTTP/1.1 415 ", bytes(received))), methods, is_ended)

    replay.parse = parse_with_codes
    sys.argv = sys.argv[1:]
    replay.main()


if __name__ == "__main__":
    main()
