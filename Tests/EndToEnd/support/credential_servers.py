"""Where AWS hands out credentials, played strictly: the instance's metadata, a container's endpoint, and STS.

They hand out what `issue` says, so that a test decides whose keys they are and how long they live.
"""

import datetime
import json
import time
import urllib.parse

from support.loopback import LoopbackServer


def expiration(seconds):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    # Whole seconds, as AWS writes them; rounded up, so that a lifetime of a second is never none.
    return (moment + datetime.timedelta(milliseconds=999)).strftime("%Y-%m-%dT%H:%M:%SZ")


class CredentialServer(LoopbackServer):
    """`judge(request, body)` is its status, type and body, unless there is a `fault`, a status; `seen` are the requests
    as (method, path, fields)."""

    def __init__(self, issue):
        self.issue = issue
        self.seen = []
        self.fault = None
        super().__init__()

    def answer(self, handler):
        body = handler.read()
        with self._lock:
            self.seen.append((handler.command, handler.path, dict(handler.headers.items())))
        status, kind, answer = (self.fault, "text/plain", b"") if self.fault else self.judge(handler, body)
        handler.reply(status, answer, {"Content-Type": kind})

    def asked(self, path=""):
        with self._lock:
            return [entry for entry in self.seen if entry[1].startswith(path)]

    def document(self, **more):
        keys = self.issue()
        answer = {"AccessKeyId": keys["id"], "SecretAccessKey": keys["secret"], "Token": keys.get("token", ""), **more}
        if keys.get("seconds"):
            answer["Expiration"] = expiration(keys["seconds"])
        return json.dumps(answer).encode()


class Instance(CredentialServer):
    """IMDS with IMDSv2 required: no session token, no answer."""

    ROLE = "gateway-role"
    PATH = "/latest/meta-data/iam/security-credentials/"

    def __init__(self, issue):
        self.tokens = {}
        super().__init__(issue)

    def judge(self, request, _body):
        fields = request.headers
        if fields.get("X-Forwarded-For"):
            return 403, "text/plain", b""
        if request.path == "/latest/api/token":
            seconds = fields.get("X-aws-ec2-metadata-token-ttl-seconds", "")
            if request.command != "PUT" or not seconds.isdigit() or not 1 <= int(seconds) <= 21_600:
                return 400, "text/plain", b""
            token = f"AQAEA{len(self.tokens):051d}=="
            self.tokens[token] = time.monotonic() + int(seconds)
            return 200, "text/plain", token.encode()
        token = fields.get("X-aws-ec2-metadata-token")
        if request.command != "GET" or self.tokens.get(token, 0) < time.monotonic():
            return 401, "text/plain", b""
        if request.path == self.PATH:
            return 200, "text/plain", self.ROLE.encode()
        if request.path == self.PATH + self.ROLE:
            return 200, "text/plain", self.document(Code="Success", Type="AWS-HMAC")
        return 404, "text/plain", b""


class Container(CredentialServer):
    """A container's endpoint: whoever does not say what `authorization` returns gets nothing."""

    PATH = "/v1/credentials/0d7f"

    def __init__(self, issue, authorization):
        self.authorization = authorization
        super().__init__(issue)

    def judge(self, request, _body):
        if request.command != "GET" or request.path != self.PATH:
            return 404, "application/json", b'{"code":"NotFound","message":"nothing here"}'
        if request.headers.get("Authorization") != self.authorization():
            return 401, "application/json", b'{"code":"Unauthorized","message":"another token is needed"}'
        return 200, "application/json", self.document()


class SecurityTokens(CredentialServer):
    """STS's AssumeRoleWithWebIdentity; a token that is not the one that `accepted` returns is refused."""

    ANSWER = (
        '<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        "<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>{AccessKeyId}</AccessKeyId>"
        "<SecretAccessKey>{SecretAccessKey}</SecretAccessKey><SessionToken>{Token}</SessionToken>"
        "<Expiration>{Expiration}</Expiration></Credentials></AssumeRoleWithWebIdentityResult>"
        "</AssumeRoleWithWebIdentityResponse>")
    REFUSAL = (b"<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredTokenException</Code>"
               b"<Message>Token expired</Message></Error></ErrorResponse>")

    def __init__(self, issue, accepted):
        self.accepted = accepted
        super().__init__(issue)

    def judge(self, request, body):
        form = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
        fits = (request.command == "POST" and request.path == "/" and "Authorization" not in request.headers
                and form.get("Action") == "AssumeRoleWithWebIdentity" and form.get("Version") == "2011-06-15"
                and form.get("RoleArn", "").startswith("arn:aws:iam::") and form.get("RoleSessionName"))
        if not fits:
            return 400, "text/xml", b"<ErrorResponse><Error><Code>ValidationError</Code></Error></ErrorResponse>"
        if form.get("WebIdentityToken") != self.accepted():
            return 400, "text/xml", self.REFUSAL
        return 200, "text/xml", self.ANSWER.format(**json.loads(self.document())).encode()
