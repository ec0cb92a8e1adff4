"""What the contract says of every answer, and of every refusal."""

import datetime
import email.utils
import re
import uuid

# error: status, code, message
ERRORS = {
    "TOKEN_MISSING": (401, "AUTH-003", "token_missing"),
    "TOKEN_EXPIRED": (401, "AUTH-003", "token_expired"),
    "TOKEN_INVALID": (401, "AUTH-003", "token_invalid"),
    "INVALID_FILE_TYPE": (400, "IMAGE-003", "invalid_file_type"),
    "INVALID_FILE_SIGNATURE": (400, "IMAGE-004", "invalid_file_signature"),
    "FILE_TOO_LARGE": (413, "IMAGE-002", "file_too_large"),
    "INVALID_IMAGE_URL": (400, "IMAGE-005", "invalid_image_url"),
    "IMAGE_ALREADY_REGISTERED": (409, "IMAGE-006", "image_already_registered"),
    "BAD_REQUEST": (400, "COMMON-400", "bad_request"),
    "NOT_FOUND": (404, "COMMON-404", "Not Found"),
    "METHOD_NOT_ALLOWED": (405, "COMMON-405", "method_not_allowed"),
    "REQUEST_TIMEOUT": (408, "COMMON-408", "request_timeout"),
    "URI_TOO_LONG": (414, "COMMON-414", "uri_too_long"),
    "HEADERS_TOO_LARGE": (431, "COMMON-431", "headers_too_large"),
    "TOO_MANY_REQUESTS": (429, "COMMON-429", "Too Many Requests"),
    "STORE_UNAVAILABLE": (503, "COMMON-503", "store_unavailable"),
}
UUID4 = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def assert_recent(timestamp):
    assert TIMESTAMP.fullmatch(timestamp), timestamp
    moment = datetime.datetime.fromisoformat(timestamp)
    assert abs(datetime.datetime.now(datetime.timezone.utc) - moment) < datetime.timedelta(minutes=2), timestamp


def assert_common_fields(response, origin="*"):
    """What every response carries."""
    assert str(uuid.UUID(response["x-request-id"])) == response["x-request-id"].lower()
    moment = email.utils.parsedate_to_datetime(response["Date"])
    assert response["Date"].endswith(" GMT")
    assert abs(datetime.datetime.now(datetime.timezone.utc) - moment) < datetime.timedelta(minutes=2)
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "no-store"
    if origin:
        assert response["Access-Control-Allow-Origin"] == origin
    exposed = {name.strip().lower() for name in response["Access-Control-Expose-Headers"].split(",")}
    assert exposed == {"x-request-id", "retry-after"}
    assert not response.all("Access-Control-Allow-Credentials")


def assert_refused(response, error, origin="*", data=None):
    """One row of the contract's table of errors: status, fields, and body."""
    status, code, message = ERRORS[error]
    assert (response.status, response.body[:400]) and response.status == status, (response.status, response.body)
    assert_common_fields(response, origin)
    assert response["Content-Type"].split(";")[0] == "application/json"
    body = response.json
    assert list(body) == ["message", "error", "code", "detail", "data", "timestamp"]
    assert (body["message"], body["error"], body["code"]) == (message, error, code)
    assert body["data"] == data
    assert isinstance(body["detail"], str) and body["detail"]
    assert_recent(body["timestamp"])
    if status == 401:
        assert re.match(r"Bearer( |$)", response["WWW-Authenticate"])
    else:
        assert not response.all("WWW-Authenticate")
    if status == 503:
        assert int(response["Retry-After"]) >= 1
    return body


def assert_created(response, *, size, kind, sub):
    """A 201 for an image of `sub`; returns its `data` and the object's key."""
    assert response.status == 201, (response.status, response.body)
    assert_common_fields(response)
    assert response["Content-Type"].split(";")[0] == "application/json"
    body = response.json
    assert list(body) == ["message", "data", "timestamp"]
    assert body["message"] == "upload_image_success"
    data = body["data"]
    assert list(data) == ["imageId", "imageUrl", "fileSize", "originalFilename", "uploadedAt"]
    assert type(data["imageId"]) is int and data["imageId"] > 0
    assert data["fileSize"] == size
    assert_recent(data["uploadedAt"])
    assert_recent(body["timestamp"])
    found = re.search(rf"users/{re.escape(sub)}/images/\d{{13}}-{UUID4}\.{kind}$", data["imageUrl"])
    assert found, data["imageUrl"]
    return data, found.group()
