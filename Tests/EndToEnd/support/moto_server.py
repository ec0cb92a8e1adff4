"""The moto process as the tests see it: its endpoint, its keys, its objects, and its record of what was asked."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

import boto3
import botocore.config

from support.certificates import Authority
from support.waiting import eventually

REGION = "us-east-1"
BUCKET = "pictures"


class Moto:
    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="sluice-moto-")
        self._log = open(pathlib.Path(self._folder.name) / "log", "w+")
        script = pathlib.Path(__file__).with_name("moto_process.py")
        authority = Authority(pathlib.Path(self._folder.name))
        certificate, key = authority.leaf("moto", "127.0.0.1")
        self.ca_bundle = authority.path
        environment = {**os.environ, "TMPDIR": self._folder.name}
        self._process = subprocess.Popen(
            [sys.executable, str(script), str(certificate), str(key)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=self._log, env=environment, text=True)
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            raise RuntimeError(f"moto did not start:\n{self._log.read()}")
        facts = json.loads(line)
        self.endpoint = facts["endpoint"]
        self.tls_endpoint = facts["tls_endpoint"]
        self.access_key = facts["access_key"]
        self.secret_key = facts["secret_key"]
        self.s3 = self.client("s3")
        self.ssm = self.client("ssm")
        self.s3.create_bucket(Bucket=BUCKET)

    def stop(self):
        self._process.terminate()
        # It ends its threads first, which a busy machine takes long for.
        self._process.wait(60)
        self._process.stdout.close()
        self._log.close()
        self._folder.cleanup()

    def client(self, service, *, secret_key=None):
        config = botocore.config.Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1})
        return boto3.client(
            service, endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id=self.access_key,
            aws_secret_access_key=secret_key or self.secret_key, config=config)

    @property
    def environment(self):
        """What a daemon needs to find this server and to be let in."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "S3_BUCKET": BUCKET,
        }

    def put_secret(self, name, value):
        self.ssm.put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True)

    # What is stored. Prefixes are compared here: moto refuses correct signatures of queries with an escaped `/`.

    def keys(self, prefix):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        return [key for key in keys if key.startswith(prefix)]

    def object(self, key):
        """The stored object's bytes and content type."""
        answer = self.s3.get_object(Bucket=BUCKET, Key=key)
        return answer["Body"].read(), answer["ContentType"]

    def unfinished(self, prefix):
        """Keys of multipart uploads that were neither completed nor aborted."""
        answer = self.s3.list_multipart_uploads(Bucket=BUCKET)
        return [entry["Key"] for entry in answer.get("Uploads", []) if entry["Key"].startswith(prefix)]

    # What was asked

    def record(self):
        with urllib.request.urlopen(f"{self.endpoint}/-record") as answer:
            return json.load(answer)

    def operations(self, prefix):
        """The S3 operations on keys below `prefix`, in the order of their arrival: (name, answer's status)."""
        return [(operation_name(entry), entry["status"]) for entry in self.entries(prefix)]

    def entries(self, prefix):
        return [entry for entry in self.record() if entry["path"].startswith(f"/{BUCKET}/{prefix}")]

    def parameter_reads(self, name=None):
        """How many times SSM was asked for a parameter."""
        return sum(entry["target"] == "AmazonSSM.GetParameter" for entry in self.record())

    def wait_for(self, prefix, name, timeout=15):
        """Waits until an operation of that name on a key below `prefix` has been answered."""
        def seen():
            return any(found == name and status for found, status in self.operations(prefix))
        eventually(seen, timeout, lambda: f"no {name} below {prefix}, only {self.operations(prefix)}")


def operation_name(entry):
    """The S3 operation that a method and a query stand for."""
    query = urllib.parse.parse_qs(entry["query"], keep_blank_values=True)
    method = entry["method"]
    if method == "POST" and "uploads" in query:
        return "CreateMultipartUpload"
    if "uploadId" in query:
        names = {"PUT": "UploadPart", "POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload"}
        return names.get(method, "ListParts")
    return {"PUT": "PutObject", "GET": "GetObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}.get(method, method)
