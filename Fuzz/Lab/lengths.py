"""How long an input of each target may become: long enough for all that the target tells apart, and no longer, since
a fuzzer that mutates a kilobyte of body finds nothing that it would not find in a line of it, and finds it later.

A fuzzer cuts off what is longer in the corpus; merging, judging, `sluice-replay` and the tests run it whole.

`python3 Fuzz/Lab/lengths.py JSON` prints the length of a target.
"""

import sys

USUAL = 4096

_BYTES_MAX = {
    # A letter and a text; a window's operations are bytes.
    "ByteValues": 128,
    "Chunked": 512,
    # One field line, or a PROXY preface, whose longest address block has 216 bytes.
    "FieldValues": 320,
    "FileName": 1024,
    "FormData": 1024,
    # A world takes 150 steps, and most stand without details.
    "Gateway": 192,
    # Choices, a head, and a form around the smallest image. What is longer has a short name.
    "GatewayRequests": 1536,
    "JSON": 512,
    "MagicNumber": 32,
    # Choices, one byte each, for at most four requests.
    "RequestGenerated": 160,
    # Tight limits make every bound of a head lie within 192 bytes.
    "RequestParser": 512,
    "RequestReference": 512,
    "RequestRoundTrip": 512,
    "RequestSplit": 512,
    # Tight limits make every bound of an answer's heads lie within 192 bytes.
    "Response": 512,
    "ResponseWriter": 128,
    "SigV4": 1024,
    # Choices, one byte each.
    "TokenStructured": 16,
    "TokenVerify": 512,
}


def input_bytes_max(name):
    """For libFuzzer's -max_len."""
    return _BYTES_MAX.get(name, USUAL)


if __name__ == "__main__":
    print(input_bytes_max(sys.argv[1]))
