"""Every way of signing a payload, against a store that checks heads, chunks, trailers, checksums and lengths."""

import pytest

from support import tokens
from support.certificates import Authority
from support.daemon import Daemon, run
from support.expectations import assert_created, assert_refused
from support.images import KIB, MIB, image
from support.strict_store import OWNER, StrictStore
from support.waiting import eventually

KINDS = {
    ("http", "auto"): "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    ("http", "unsigned"): "UNSIGNED-PAYLOAD",
    ("http", "signed"): "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    ("http", "trailer"): "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    ("https", "auto"): "UNSIGNED-PAYLOAD",
    ("https", "unsigned"): "UNSIGNED-PAYLOAD",
    ("https", "signed"): "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    ("https", "trailer"): "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
}
SIZES = [9, 8 * KIB - 1, 8 * KIB, 8 * KIB + 1, 64 * KIB, 64 * KIB + 1, 72 * KIB, 300_000, 5 * MIB]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def store_for(scheme, authority, **options):
    certificate = authority.leaf("store", "127.0.0.1", "localhost") if scheme == "https" else None
    return StrictStore(certificate=certificate, **options)


def settings_for(store, authority, *, host="127.0.0.1", **settings):
    return {**store.environment(host), "JWT_SECRET": tokens.SECRET, "AWS_CA_BUNDLE": str(authority.path),
            "SLUICE_WORKERS": "1", **settings}


def upload(daemon, store, body, **options):
    """An image whose bytes are in the store as they were sent, and of which the store refused nothing."""
    sub = tokens.fresh_subject()
    response = daemon.upload(tokens.mint(sub), body, "png", timeout=60, **options)
    assert response.status == 201, (response.body, store.refusals, daemon.output)
    data, key = assert_created(response, size=len(body), kind="png", sub=sub)
    assert store.objects[key][0] == body
    assert not store.uploads
    return data, key


@pytest.mark.parametrize(("scheme", "payload"), KINDS)
def test_a_strict_store_takes_every_mode(authority, scheme, payload):
    with store_for(scheme, authority) as store, Daemon(
            settings_for(store, authority, SLUICE_S3_PAYLOAD=payload)) as daemon:
        for size in SIZES:
            upload(daemon, store, image("png", size))
        upload(daemon, store, image("png", 200_000), chunked=True)
        assert not store.refusals
        kind = KINDS[scheme, payload]
        assert {request["kind"] for request in store.seen("part")} == {kind}
        algorithms = {request["fields"].get("x-amz-checksum-algorithm", [None])[0] for request in store.seen("create")}
        assert algorithms == ({"CRC32C"} if "TRAILER" in kind else {None})
        assert {request["style"] for request in store.seen()} == {"path"}


@pytest.mark.parametrize("payload", ["unsigned", "signed", "trailer"])
def test_parts_are_signed_and_summed_each_by_itself(authority, payload):
    settings = {"SLUICE_S3_PAYLOAD": payload, "SLUICE_MAX_UPLOAD_BYTES": str(16 * MIB)}
    with store_for("http", authority) as store, Daemon(settings_for(store, authority, **settings)) as daemon:
        body = image("png", 11 * MIB + 77)
        for chunked in (False, True):
            upload(daemon, store, body, chunked=chunked)
        assert len(store.seen("part")) == 6
        assert not store.refusals


@pytest.mark.parametrize(("scheme", "payload"), KINDS)
def test_one_put_is_signed_in_every_mode(authority, scheme, payload):
    settings = {"SLUICE_S3_PAYLOAD": payload, "SLUICE_UPLOAD_STRATEGY": "put"}
    with store_for(scheme, authority) as store, Daemon(settings_for(store, authority, **settings)) as daemon:
        for size in (9, 64 * KIB, 64 * KIB + 1, 72 * KIB, 300_001):
            upload(daemon, store, image("png", size))
        assert {request["kind"] for request in store.seen("put")} == {KINDS[scheme, payload]}
        assert not store.seen("create") and not store.refusals


def with_another_byte(operation, body):
    """A body's middle byte, which is the image's, is another one than was sent."""
    if operation not in ("part", "put"):
        return body
    place = len(body) // 2
    return body[:place] + bytes([body[place] ^ 1]) + body[place + 1:]


@pytest.mark.parametrize("strategy", ["multipart", "put"])
@pytest.mark.parametrize(("scheme", "payload", "code"), [
    ("http", "signed", "SignatureDoesNotMatch"), ("http", "trailer", "SignatureDoesNotMatch"),
    ("https", "trailer", "BadDigest")])
def test_bytes_that_change_on_their_way_are_never_stored(authority, token, scheme, payload, code, strategy):
    settings = {"SLUICE_S3_PAYLOAD": payload, "SLUICE_UPLOAD_STRATEGY": strategy}
    with store_for(scheme, authority) as store, Daemon(settings_for(store, authority, **settings)) as daemon:
        store.transit = with_another_byte
        assert_refused(daemon.upload(token, image("png", 90_000), "png", timeout=60), "STORE_UNAVAILABLE")
        assert code in {refused.code for refused in store.refusals}
        eventually(lambda: not store.uploads, 20, lambda: f"{store.uploads.keys()}")
        assert not store.objects


def test_amazons_profile_sends_checksums_over_tls_by_itself(authority):
    with store_for("https", authority) as store, Daemon(
            settings_for(store, authority, SLUICE_S3_PROFILE="aws")) as daemon:
        upload(daemon, store, image("png", 200_000))
        assert store.seen("part")[0]["kind"] == "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
        assert not store.refusals


def test_a_store_with_a_certificate_of_nobody_is_refused(authority, tmp_path, token):
    other = Authority(tmp_path)
    with store_for("https", authority) as store, Daemon(settings_for(store, other)) as daemon:
        assert_refused(daemon.upload(token, image("png", 100), "png", timeout=60), "STORE_UNAVAILABLE")
        assert not store.seen() and not store.refusals


def test_a_session_token_is_signed_in_every_request(authority, token):
    with store_for("http", authority, session_token="IQoJb3JpZ2luX2VjE/+=") as store:
        with Daemon(settings_for(store, authority, SLUICE_S3_PAYLOAD="trailer")) as daemon:
            upload(daemon, store, image("png", 70_000))
            break_complete(store)
            assert_refused(daemon.upload(token, image("png", 100), "png", timeout=60), "STORE_UNAVAILABLE")
            eventually(lambda: not store.uploads, 20, lambda: f"{store.uploads.keys()}")
        assert {request["operation"] for request in store.seen()} >= {"create", "part", "complete", "abort"}
        assert all("x-amz-security-token" in request["fields"] for request in store.seen())
        assert [refused.code for refused in store.refusals] == ["InvalidPart"]


def break_complete(store):
    """The next Complete finds other parts than it names."""
    def before(operation):
        if operation == "complete":
            for opened in store.uploads.values():
                opened["parts"] = {number: ('"other"', *rest) for number, (_, *rest) in opened["parts"].items()}
    store.before = before


@pytest.mark.parametrize("ahead", [-7_200, 86_400])
def test_the_stores_clock_is_learned_from_its_refusal(authority, ahead):
    with store_for("http", authority) as store, Daemon(settings_for(store, authority)) as daemon:
        store.clock_ahead = ahead
        for _ in range(3):
            upload(daemon, store, image("png", 100_000))
        # One lesson for the one worker, and one for the look at old uploads at the start.
        assert {refused.code for refused in store.refusals} == {"RequestTimeTooSkewed"}
        assert len(store.refusals) <= 2
        assert any("clock is" in line.get("message", "") for line in daemon.log() if line.get("level") == "warning")


def test_a_part_that_is_refused_for_its_time_is_sent_again(authority):
    with store_for("http", authority) as store, Daemon(settings_for(store, authority)) as daemon:
        def before(operation):
            if operation == "create":
                store.jumps_in = 1
        store.before = before

        judge = store.judge

        def judge_and_jump(handler):
            seed = judge(handler)
            if getattr(store, "jumps_in", 0):
                store.jumps_in, store.clock_ahead = 0, 3_600
            return seed
        store.judge = judge_and_jump
        # Large enough to ask first, so that its bytes are still here when it is refused.
        upload(daemon, store, image("png", 2 * MIB))
        assert [refused.code for refused in store.refusals] == ["RequestTimeTooSkewed"]


def test_the_owner_of_the_bucket_is_asked_for_in_every_request(authority, token):
    settings = {"SLUICE_S3_EXPECTED_BUCKET_OWNER": OWNER}
    with store_for("http", authority) as store, Daemon(settings_for(store, authority, **settings)) as daemon:
        upload(daemon, store, image("png", 70_000))
        break_complete(store)
        assert_refused(daemon.upload(token, image("png", 100), "png", timeout=60), "STORE_UNAVAILABLE")
        eventually(lambda: store.seen("abort"), 20, lambda: f"{store.requests}")
        assert all(request["fields"]["x-amz-expected-bucket-owner"] == [OWNER] for request in store.seen())


def test_a_bucket_of_somebody_else_gets_nothing(authority, token):
    settings = {"SLUICE_S3_EXPECTED_BUCKET_OWNER": "999999999999"}
    with store_for("http", authority) as store, Daemon(settings_for(store, authority, **settings)) as daemon:
        assert_refused(daemon.upload(token, image("png", 100), "png", timeout=60), "STORE_UNAVAILABLE")
        assert not store.objects and not store.uploads
        assert {refused.code for refused in store.refusals} == {"AccessDenied"}


@pytest.mark.parametrize("strategy", ["multipart", "put"])
def test_a_canned_acl_goes_with_the_object_alone(authority, strategy):
    settings = {"SLUICE_S3_ACL": "public-read", "SLUICE_UPLOAD_STRATEGY": strategy}
    with store_for("http", authority) as store, Daemon(settings_for(store, authority, **settings)) as daemon:
        _, key = upload(daemon, store, image("png", 70_000))
        assert store.objects[key][1]["x-amz-acl"] == ["public-read"]
        carriers = {request["operation"] for request in store.seen() if "x-amz-acl" in request["fields"]}
        assert carriers == {"create" if strategy == "multipart" else "put"}


def test_nothing_of_that_is_sent_unless_it_is_asked_for(authority):
    with store_for("http", authority) as store, Daemon(settings_for(store, authority)) as daemon:
        upload(daemon, store, image("png", 70_000))
        names = {name for request in store.seen() for name in request["fields"]}
        assert not names & {"x-amz-acl", "x-amz-expected-bucket-owner", "x-amz-security-token",
                            "x-amz-checksum-algorithm", "x-amz-trailer"}


@pytest.mark.parametrize(("bucket", "addressing", "style"), [
    ("pictures", "virtual", "virtual"), ("my.pictures", "virtual", "virtual"), ("my.pictures", "auto", "path"),
    ("my.pictures", "path", "path")])
def test_the_bucket_stands_where_the_setting_says(authority, bucket, addressing, style):
    with store_for("http", authority, bucket=bucket) as store, Daemon(
            settings_for(store, authority, host="localhost", SLUICE_S3_ADDRESSING=addressing)) as daemon:
        data, key = upload(daemon, store, image("png", 70_000))
        assert {request["style"] for request in store.seen()} == {style}
        assert data["imageUrl"] == f"http://localhost:{store.port}/{bucket}/{key}"
        assert not store.refusals


@pytest.mark.parametrize(("settings", "name"), [
    ({"SLUICE_S3_PROFILE": "r2", "SLUICE_S3_PAYLOAD": "trailer"}, "SLUICE_S3_PAYLOAD"),
    ({"SLUICE_S3_PROFILE": "r2", "SLUICE_S3_PAYLOAD": "signed"}, "SLUICE_S3_PAYLOAD"),
    ({"SLUICE_S3_PROFILE": "minio", "SLUICE_S3_EXPECTED_BUCKET_OWNER": OWNER}, "SLUICE_S3_EXPECTED_BUCKET_OWNER"),
    ({"SLUICE_S3_PROFILE": "r2", "SLUICE_S3_ACL": "private"}, "SLUICE_S3_ACL"),
    ({"SLUICE_S3_ADDRESSING": "virtual", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}, "SLUICE_S3_ADDRESSING"),
    ({"SLUICE_S3_ADDRESSING": "virtual", "S3_BUCKET": "a.b.c"}, "SLUICE_S3_ADDRESSING"),
    ({"SLUICE_S3_EXPECTED_BUCKET_OWNER": "12345"}, "SLUICE_S3_EXPECTED_BUCKET_OWNER"),
    ({"SLUICE_S3_ACL": "everybody"}, "SLUICE_S3_ACL"),
    ({"SLUICE_S3_PROFILE": "gcs"}, "SLUICE_S3_PROFILE"),
])
def test_what_an_endpoint_cannot_do_stops_the_start(tmp_path, settings, name):
    base = {"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "S3_BUCKET": "pictures",
            "JWT_SECRET": tokens.SECRET, "SLUICE_DATABASE": str(tmp_path / "db"), "SLUICE_LISTEN": "127.0.0.1:0",
            "SLUICE_ADMIN_LISTEN": "127.0.0.1:0", "SLUICE_SPOOL_DIR": "/var/tmp"}
    ended = run("serve", environment={**base, **settings})
    assert ended.returncode == 2, (ended.returncode, ended.stderr)
    assert name in ended.stderr
