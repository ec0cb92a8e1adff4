"""A store whose answers are monstrous: of a GiB, of the wrong length, with another answer behind them, of junk.

Whatever it is, the client gets a 201 for an object that is there or a 503, nothing is left half done, and the daemon
holds no more than before.
"""

import threading

import pytest

from support import tokens, wire
from support.certificates import Authority
from support.daemon import Daemon
from support.expectations import assert_created, assert_refused
from support.images import KIB, MIB, image
from support.monsters import GIBIBYTE, JUNK_XML, Flood, declares, half_of, says, smuggles
from support.mortal_store import MortalStore
from support.s3_double import error
from support.waiting import eventually

SMALL = image("png", 60_000)
# Above 128 KiB the window has dropped its first bytes by the time of the answer.
LARGE = image("png", 3 * MIB)
STEPS = ["create", "part", "complete"]
# What one answer may hold in memory (a body of 64 KiB, fields of 16 KiB) for a few uploads, and the allocator's share.
GROWTH_MAX = 6 * MIB
# What loopback's buffers and one read take in before the daemon has closed.
FLOOD_MAX = 16 * MIB


def settings(store, **more):
    return {**store.environment, "JWT_SECRET": tokens.SECRET, "SLUICE_WORKERS": "1",
            "SLUICE_REQUEST_TIMEOUT_SECONDS": "30", "SLUICE_SHUTDOWN_GRACE_SECONDS": "1", **more}


@pytest.fixture(scope="module")
def store():
    with MortalStore() as server:
        yield server


@pytest.fixture(scope="module")
def daemon(store):
    with Daemon(settings(store)) as started:
        upload(started)
        yield started
        assert started.process.poll() is None, started.output


@pytest.fixture(scope="module")
def put_daemon(store):
    with Daemon(settings(store, SLUICE_UPLOAD_STRATEGY="put")) as started:
        upload(started)
        yield started
        assert started.process.poll() is None, started.output


@pytest.fixture(autouse=True)
def no_faults_after(request):
    yield
    if "store" in request.fixturenames:
        server = request.getfixturevalue("store")
        server.faults, server.refuses_expectations = {}, None


def upload(daemon):
    """One that goes well."""
    sub = tokens.fresh_subject()
    assert_created(daemon.upload(tokens.mint(sub), SMALL, "png", timeout=60), size=len(SMALL), kind="png", sub=sub)


def objects(store, sub):
    return [key for key in store.objects if f"/{sub}/" in key]


def meet(store, daemon, faults, after={}):
    """Uploads while the store has `faults`, and then those of `after`; the answer, when all of it is settled."""
    sub = tokens.fresh_subject()
    store.faults = faults
    answer = daemon.upload(tokens.mint(sub), SMALL, "png", timeout=90)
    store.faults = after
    assert answer.status in (201, 503), (answer, daemon.output[-2_000:])
    if answer.status == 503:
        assert_refused(answer, "STORE_UNAVAILABLE")
    eventually(lambda: not store.open, 60, lambda: f"{store.open}\n{daemon.output[-3_000:]}")
    # Object and 201 come together.
    eventually(lambda: len(objects(store, sub)) == (answer.status == 201), 60,
               lambda: f"{answer.status} and {objects(store, sub)}\n{daemon.output[-3_000:]}")
    eventually(lambda: daemon.states("owner = ?", sub) == ["stored"] * (answer.status == 201),
               60, lambda: f"{daemon.rows('owner = ?', sub)}\n{daemon.output[-3_000:]}")
    store.faults = {}
    # What went well since keeps the circuit breaker closed.
    upload(daemon)
    return answer


FLOODS = ["declared", "chunked", "unframed", "fields", "one-field", "interim", "trailers"]


@pytest.mark.parametrize("framing", FLOODS)
@pytest.mark.parametrize("operation", STEPS)
def test_a_gib_instead_of_an_answer(store, daemon, operation, framing):
    flood = Flood(framing)
    before = daemon.resident_bytes()
    daemon.forget_peak()
    meet(store, daemon, {operation: flood})
    eventually(lambda: flood.sent and max(flood.sent) < GIBIBYTE, 30, lambda: f"{flood.sent}")
    assert max(flood.sent) < FLOOD_MAX, flood.sent
    assert daemon.peak_bytes() - before < GROWTH_MAX, f"{(daemon.peak_bytes() - before) / MIB:.1f} MiB"


@pytest.mark.parametrize("framing", ["declared", "fields"])
def test_a_gib_instead_of_an_answer_to_a_put_object(store, put_daemon, framing):
    flood = Flood(framing)
    before = put_daemon.resident_bytes()
    put_daemon.forget_peak()
    # One that was answered wrongly is sent again, which is one object all the same.
    assert meet(store, put_daemon, {"put": [flood]}).status == 201
    assert max(flood.sent) < FLOOD_MAX, flood.sent
    assert put_daemon.peak_bytes() - before < GROWTH_MAX


def test_a_gib_of_white_space_before_the_answer_to_complete(store, daemon):
    """S3 sends some while it puts parts together; nobody needs this much."""
    flood = Flood("chunked", b" \n" * 32_768)
    before = daemon.resident_bytes()
    daemon.forget_peak()
    # It has done it, and that is found out.
    assert meet(store, daemon, {"complete": flood}).status == 201
    assert max(flood.sent) < FLOOD_MAX
    assert daemon.peak_bytes() - before < GROWTH_MAX


@pytest.mark.parametrize("operation", ["abort", "search"])
def test_a_gib_instead_of_an_answer_to_cleaning_up(store, daemon, operation):
    flood = Flood("declared")
    faults = {"part": "slowdown"} if operation == "abort" else {"create": declares(-5)}
    cleaning = {operation: [flood, flood]}
    assert meet(store, daemon, {**faults, **cleaning}, after=cleaning).status == 503
    assert cleaning[operation] == []
    eventually(lambda: len(flood.sent) == 2, 30)
    assert max(flood.sent) < FLOOD_MAX


@pytest.mark.parametrize("operation", STEPS)
@pytest.mark.parametrize("difference", [-5, -1, 1, 1_000, GIBIBYTE], ids=str)
def test_a_content_length_that_is_wrong(store, daemon, operation, difference):
    meet(store, daemon, {operation: declares(difference, and_then="close")})


@pytest.mark.parametrize("operation", STEPS)
def test_what_comes_behind_a_content_length_is_no_part_of_the_next_answer(store, daemon, operation):
    meet(store, daemon, {operation: declares(-5, and_then="next")})
    meet(store, daemon, {operation: [declares(-1, and_then="next")]})


@pytest.mark.parametrize("operation", ["create", "part"])
@pytest.mark.parametrize("complete", ["slowdown", "error-in-200", None])
def test_an_answer_that_nobody_asked_for_is_not_taken_for_the_next(store, daemon, operation, complete):
    completes = store.seen["complete"]
    answer = meet(store, daemon, {operation: smuggles, "complete": complete})
    assert (answer.status == 201) == (complete is None)
    assert store.seen["complete"] > completes


def test_a_length_that_is_too_long_on_a_connection_that_stays_ends_with_a_deadline(store):
    with Daemon(settings(store, SLUICE_REQUEST_TIMEOUT_SECONDS="4")) as daemon:
        for operation in ("create", "part"):
            store.faults = {operation: [declares(100, and_then="silence")]}
            assert daemon.upload(tokens.mint(), SMALL, "png", timeout=60).status == 503
        store.faults = {}
        eventually(lambda: not store.open, 60, lambda: f"{store.open}\n{daemon.output[-3_000:]}")
        upload(daemon)


@pytest.mark.parametrize("name", JUNK_XML)
@pytest.mark.parametrize("operation", ["create", "complete"])
def test_junk_instead_of_a_document(store, daemon, operation, name):
    before = daemon.resident_bytes()
    daemon.forget_peak()
    meet(store, daemon, {operation: says(JUNK_XML[name])})
    assert daemon.peak_bytes() - before < GROWTH_MAX
    # A refusal in words of no sense is still a refusal.
    meet(store, daemon, {operation: [says(JUNK_XML[name], status=503)]})


def test_junk_behind_a_part_is_told_by_its_status(store, daemon):
    for name in ("unclosed", "entities", "html", "nul", "nothing"):
        assert meet(store, daemon, {"part": says(JUNK_XML[name])}).status == 201
    # An error is one, wherever it stands.
    assert meet(store, daemon, {"part": says(JUNK_XML["error-within"])}).status == 503


def test_a_document_in_two_halves_is_one(store, daemon):
    for operation in STEPS:
        assert meet(store, daemon, {operation: [half_of(0.3)]}).status == 201


@pytest.mark.parametrize(("status", "code"), [(403, "AccessDenied"), (503, "SlowDown")])
@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
@pytest.mark.parametrize("strategy", ["multipart", "put"])
def test_who_is_refused_before_the_body_sends_none(store, strategy, chunked, status, code):
    with Daemon(settings(store, SLUICE_UPLOAD_STRATEGY=strategy)) as daemon:
        upload(daemon)
        received, asked = store.received, store.seen["expectation"]
        store.refuses_expectations = (status, code)
        sub = tokens.fresh_subject()
        answer = daemon.upload(tokens.mint(sub), LARGE, "png", chunked=chunked, timeout=60)
        assert_refused(answer, "STORE_UNAVAILABLE")
        # Overload is asked again, rights are not.
        count = store.seen["expectation"] - asked
        assert count == 1 if status == 403 else 1 <= count <= 3
        assert store.received == received
        store.refuses_expectations = None
        eventually(lambda: not store.open and not daemon.rows("owner = ?", sub), 20, lambda: str(daemon.rows()))
        assert objects(store, sub) == []
        eventually(lambda: code in daemon.output, 10)
        # The same store is then asked as ever, and takes it.
        answer = daemon.upload(tokens.mint(sub), LARGE, "png", chunked=chunked, timeout=60)
        assert_created(answer, size=len(LARGE), kind="png", sub=sub)
        assert store.objects[objects(store, sub)[0]][0] == len(LARGE)


def test_one_that_stays_overloaded_for_a_moment_gets_the_body_once(store, daemon):
    received = store.received
    store.refuses_expectations = (503, "SlowDown")
    seen, sub, answers = store.seen["expectation"], tokens.fresh_subject(), []
    asked = threading.Thread(
        target=lambda: answers.append(daemon.upload(tokens.mint(sub), LARGE, "png", chunked=True, timeout=60)))
    asked.start()
    eventually(lambda: store.seen["expectation"] > seen, 20)
    store.refuses_expectations = None
    asked.join()
    assert_created(answers[0], size=len(LARGE), kind="png", sub=sub)
    assert len(LARGE) <= store.received - received < len(LARGE) + 4 * KIB
    upload(daemon)


@pytest.mark.parametrize("strategy", ["multipart", "put"])
def test_a_certificate_of_another_host(tmp_path, strategy):
    authority = Authority(tmp_path)
    with MortalStore(tls=authority.leaf("elsewhere", "elsewhere.example")) as store:
        more = {"AWS_CA_BUNDLE": str(authority.path), "SLUICE_UPLOAD_STRATEGY": strategy}
        with Daemon(settings(store, **more)) as daemon:
            for chunked in (False, True):
                assert_refused(daemon.upload(tokens.mint(), LARGE, "png", chunked=chunked, timeout=60),
                               "STORE_UNAVAILABLE")
            said = eventually(
                lambda: [line["message"] for line in daemon.log()
                         if line.get("level") in ("error", "critical") and "localhost" in line["message"]], 10,
                lambda: daemon.output)
            assert any("certificate" in text for text in said), said
            eventually(lambda: daemon.admin("/readyz").status == 503, 30)
            assert "certificate" in daemon.admin("/readyz").json["checks"]["store"]
            eventually(lambda: not daemon.rows(), 20, lambda: str(daemon.rows()))
        # Handshakes were begun, and not a byte of HTTP was sent.
        assert sum(store.seen.values()) == 0 and store.received == 0


def test_nothing_leaks(store, daemon):
    def round_of_all():
        # A part that was lost is aborted several times, two seconds apart: it would only make this slow.
        for number, operation in enumerate(["create", "complete"] * 2):
            meet(store, daemon, {operation: [Flood(FLOODS[number % len(FLOODS)])]})
            meet(store, daemon, {operation: [declares(7)]})
            meet(store, daemon, {operation: [smuggles]})
            meet(store, daemon, {operation: [says(error("InternalError"))]})

    round_of_all()
    descriptors, memory = daemon.descriptors(), daemon.resident_bytes()
    round_of_all()
    eventually(lambda: daemon.descriptors() <= descriptors + 4, 30,
               lambda: f"{descriptors} before, {daemon.descriptors()} now")
    assert daemon.resident_bytes() - memory < 2 * MIB
    with wire.Connection(daemon.port) as connection:
        connection.send(wire.head("OPTIONS", "/images"))
        assert connection.response(method="OPTIONS").status == 204
