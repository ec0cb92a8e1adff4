"""A store that is not there, refuses, resets or lies: 503 in the contract's form, a log line, and on it goes."""

import socket
import threading

import pytest

from support import tokens, wire
from support.daemon import Daemon
from support.expectations import assert_created, assert_refused
from support.hostile_store import HostileStore
from support.images import image
from support.ports import free_port
from support.waiting import eventually

BODY = image("png", 300_000)


@pytest.fixture(scope="module")
def store():
    with HostileStore() as server:
        yield server


@pytest.fixture(scope="module")
def faulty(store):
    # One worker: what goes well between two faults keeps its circuit breaker closed.
    settings = {**store.environment, "SLUICE_WORKERS": "1", "JWT_SECRET": tokens.SECRET,
                "SLUICE_REQUEST_TIMEOUT_SECONDS": "30", "SLUICE_SHUTDOWN_GRACE_SECONDS": "1"}
    with Daemon(settings) as daemon:
        yield daemon
        assert daemon.process.poll() is None, daemon.output


@pytest.fixture(autouse=True)
def no_faults_after(request):
    yield
    if "store" in request.fixturenames:
        request.getfixturevalue("store").faults.clear()


def nowhere():
    """Settings with an S3 address where nobody listens."""
    return {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{free_port()}", "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secret", "S3_BUCKET": "pictures"}


def complaints(daemon, since=0):
    """Log lines about trouble: what is logged at warning or above."""
    return [line for line in daemon.log()[since:] if line.get("level") in ("warning", "error", "critical")]


FAULTS = ["reset", "reset-early", "close", "garbage", 403, 404, 500, 503]
# NoSuchUpload to a Complete is the question of a lost answer, no plain fault.
CASES = [(operation, fault) for operation in ("create", "part", "complete") for fault in FAULTS
         if (operation, fault) != ("complete", 404)]


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
@pytest.mark.parametrize(("operation", "fault"), CASES)
def test_a_fault_is_store_unavailable_and_then_all_is_well_again(store, faulty, token, sub, operation, fault, chunked):
    aborted = store.count("abort")
    lines = len(faulty.log())
    store.faults = {operation: fault}
    assert_refused(faulty.upload(token, BODY, "png", chunked=chunked, timeout=60), "STORE_UNAVAILABLE")
    eventually(lambda: complaints(faulty, lines), 10, lambda: f"no complaint in the log:\n{faulty.output}")
    store.faults = {}
    if operation != "create":
        eventually(lambda: store.count("abort") > aborted, 20, lambda: f"no abort after {store.seen[-8:]}")
    assert_created(faulty.upload(token, BODY, "png"), size=len(BODY), kind="png", sub=sub)


def test_an_error_in_a_200_is_an_error(store, faulty, token, sub):
    store.faults = {"complete": "error-in-200"}
    assert_refused(faulty.upload(token, BODY, "png", timeout=60), "STORE_UNAVAILABLE")
    store.faults = {}
    assert_created(faulty.upload(token, BODY, "png"), size=len(BODY), kind="png", sub=sub)


def test_descriptors_do_not_grow_with_faults(store, faulty):
    def round_of(fault):
        for _ in range(20):
            store.faults = {"part": fault}
            assert faulty.upload(tokens.mint(), BODY, "png", timeout=60).status == 503
            store.faults = {}
            assert faulty.upload(tokens.mint(), BODY, "png", timeout=60).status == 201

    round_of("reset")
    before = faulty.descriptors()
    round_of("reset")
    round_of("garbage")
    eventually(lambda: faulty.descriptors() <= before + 4, 15, lambda: f"{before} before, {faulty.descriptors()} now")


def test_a_store_that_is_not_there(token):
    settings = {**nowhere(), "JWT_SECRET": tokens.SECRET}
    with Daemon(settings, wait="healthz") as daemon:
        for chunked in (False, True):
            assert_refused(daemon.upload(token, BODY, "png", chunked=chunked, timeout=60), "STORE_UNAVAILABLE")
        # Refusals that need no store are what they always are.
        assert_refused(daemon.upload("x", BODY, "png"), "TOKEN_INVALID")
        assert complaints(daemon), daemon.output
        eventually(lambda: daemon.admin("/readyz").status == 503, 30)
        checks = daemon.admin("/readyz").json
        assert checks["status"] == "not_ready"
        assert checks["checks"]["store"] != "ok" and checks["checks"]["catalog"] == "ok"
        assert daemon.admin("/healthz").status == 200


def test_a_wrong_secret_key_is_503_and_a_log_line_that_says_so(moto, token):
    settings = {**moto.environment, "AWS_SECRET_ACCESS_KEY": "0" * 40, "JWT_SECRET": tokens.SECRET}
    with Daemon(settings, wait="healthz") as daemon:
        assert_refused(daemon.upload(token, BODY, "png", timeout=60), "STORE_UNAVAILABLE")
        said = eventually(lambda: [line for line in complaints(daemon) if "SignatureDoesNotMatch" in str(line)], 10,
                          lambda: daemon.output)
        assert "AWS_SECRET_ACCESS_KEY" in str(said)
        assert "0" * 40 not in daemon.output


def test_a_bucket_that_does_not_exist_is_503_and_a_log_line_that_names_it(moto, token):
    settings = {**moto.environment, "S3_BUCKET": "no-such-bucket", "JWT_SECRET": tokens.SECRET}
    with Daemon(settings, wait="healthz") as daemon:
        assert_refused(daemon.upload(token, BODY, "png", timeout=60), "STORE_UNAVAILABLE")
        eventually(lambda: [line for line in complaints(daemon) if "NoSuchBucket" in str(line)], 10,
                   lambda: daemon.output)


def test_a_store_that_says_nothing_ends_with_the_requests_time(store, token):
    store.faults = {"create": "silent"}
    settings = {**store.environment, "JWT_SECRET": tokens.SECRET, "SLUICE_REQUEST_TIMEOUT_SECONDS": "3"}
    with Daemon(settings, wait="healthz") as daemon:
        response = daemon.upload(token, BODY, "png", timeout=60)
        assert response.status in (503, 408), response.body
        assert daemon.process.poll() is None


def test_a_listener_that_accepts_and_resets(token):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def accept():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                connection.close()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        settings = {**nowhere(), "JWT_SECRET": tokens.SECRET,
                    "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{listener.getsockname()[1]}"}
        with Daemon(settings, wait="healthz") as daemon:
            for _ in range(10):
                assert_refused(daemon.upload(token, BODY, "png", timeout=60), "STORE_UNAVAILABLE")
            with wire.Connection(daemon.port) as connection:
                connection.send(wire.head("OPTIONS", "/images"))
                assert connection.response().status == 204
        listener.shutdown(socket.SHUT_RDWR)
