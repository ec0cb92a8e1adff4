"""An SSM that answers GetParameter with what it is told to. It verifies nothing."""

import json

from support.loopback import LoopbackServer

DENIED = "User: arn:aws:sts::1:assumed-role/gateway/i is not authorized to perform: "


class ParameterStore(LoopbackServer):
    """`value` is what is answered, unless `refusal` is a (status, code, message); `reads` counts."""

    def __init__(self, value):
        self.value = value
        self.refusal = None
        self.reads = 0
        super().__init__()

    def answer(self, handler):
        if handler.command != "POST":
            return handler.reply(405)
        handler.read()
        self.reads += 1
        status, answer = 200, {"Parameter": {"Type": "SecureString", "Value": self.value}}
        if self.refusal:
            status, code, message = self.refusal
            answer = {"__type": f"com.amazonaws.ssm#{code}", "message": message}
        handler.reply(status, json.dumps(answer).encode(), {"Content-Type": "application/x-amz-json-1.1"})

    def settings(self, **more):
        """Of a daemon that takes its secret from here, and keeps its images in a directory."""
        return {"SLUICE_STORE": "directory", "JWT_SECRET_PARAMETER": "/gateway/secret", "AWS_REGION": "us-east-1",
                "AWS_ENDPOINT_URL_SSM": self.endpoint, "AWS_ACCESS_KEY_ID": "AKIATEST",
                "AWS_SECRET_ACCESS_KEY": "hidden", **more}
