"""Ceph's radosgw as the tests see it: an S3 in C++ that verifies heads, payload hashes and the signatures of chunks."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import boto3
import botocore.config

from support.ports import free_port

BUCKET = "pictures"
SCRIPT = pathlib.Path(__file__).resolve().parents[1] / "ceph/start.sh"


def is_installed():
    return all(shutil.which(name) for name in ("radosgw", "ceph-mon", "ceph-osd", "radosgw-admin", "openssl"))


class Ceph:
    """With a session of a role beside the user's own key."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="sluice-ceph-")
        self._log = open(pathlib.Path(self._folder.name) / "log", "w+")
        environment = {
            **os.environ, "STS": "1",
            "PORT": str(free_port()), "TLS_PORT": str(free_port()), "MON_PORT": str(free_port()),
            "DATA": str(pathlib.Path(self._folder.name) / "data"),
            "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"}
        self._process = subprocess.Popen(
            [str(SCRIPT)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log, env=environment,
            text=True)
        self.facts = {}
        for line in self._process.stdout:
            if line.strip() == "READY":
                break
            name, _, value = line.strip().partition("=")
            self.facts[name] = value
        else:
            self._log.seek(0)
            output = self._log.read()
            self.stop()
            raise RuntimeError(f"ceph did not start:\n{output}")
        self.endpoint, self.port = self.facts["ENDPOINT"], int(environment["PORT"])
        self.s3 = boto3.client(
            "s3", endpoint_url=self.endpoint, region_name="us-east-1",
            aws_access_key_id=self.facts["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.facts["AWS_SECRET_ACCESS_KEY"],
            config=botocore.config.Config(
                s3={"addressing_style": "path"}, request_checksum_calculation="when_required"))
        self.s3.create_bucket(Bucket=BUCKET)

    def stop(self):
        self._process.terminate()
        self._process.wait(60)
        self._process.stdout.close()
        self._log.close()
        self._folder.cleanup()

    def environment(self, *, secure=False, role=False):
        prefix = "ROLE_" if role else "AWS_"
        settings = {
            "AWS_ENDPOINT_URL_S3": self.facts["TLS_ENDPOINT" if secure else "ENDPOINT"], "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": self.facts[prefix + "ACCESS_KEY_ID"],
            "AWS_SECRET_ACCESS_KEY": self.facts[prefix + "SECRET_ACCESS_KEY"],
            "AWS_CA_BUNDLE": self.facts["CA_BUNDLE"], "S3_BUCKET": BUCKET}
        if role:
            settings["AWS_SESSION_TOKEN"] = self.facts["ROLE_SESSION_TOKEN"]
        return settings

    def object(self, key):
        answer = self.s3.get_object(Bucket=BUCKET, Key=key)
        return answer["Body"].read(), answer["ContentType"]

    def unfinished(self):
        return self.s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
