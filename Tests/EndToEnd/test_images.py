"""`GET /images/{imageId}`: for its owner and the backend alone, and from the very answer of the upload on."""

import sqlite3
import threading

import pytest

from support import records, tokens, wire
from support.daemon import Daemon
from support.expectations import TIMESTAMP, assert_common_fields, assert_created, assert_refused
from support.images import image
from support.records import assert_registered, assert_seen, look, register
from support.waiting import eventually

GIF = image("gif", 3_000)


@pytest.fixture(scope="module")
def directory_daemon(directory_environment):
    with Daemon(directory_environment) as daemon:
        yield daemon


def uploaded(daemon, token, sub, *fields):
    return assert_created(daemon.upload(token, GIF, "gif", *fields), size=len(GIF), kind="gif", sub=sub)[0]


def test_in_front_of_s3(daemon, sub, token):
    data = uploaded(daemon, token, sub, "x-filename: %ED%95%9C.gif")
    assert data["originalFilename"] == "한.gif"
    seen = assert_seen(look(daemon, token, data["imageId"]), data, "image/gif")
    assert (seen["registeredAt"], seen["expiresAt"]) == (None, None)
    assert_registered(register(daemon, token, {"imageId": data["imageId"]}), data)
    seen = assert_seen(look(daemon, token, data["imageId"]), data, "image/gif")
    assert TIMESTAMP.fullmatch(seen["registeredAt"]) and seen["expiresAt"] is None


def test_from_its_201_on(directory_daemon, sub, token):
    # `stored` is written behind the 201: none of these looks may come too early for it.
    for _ in range(60):
        data = uploaded(directory_daemon, token, sub)
        assert_seen(look(directory_daemon, token, data["imageId"]), data, "image/gif")


def test_from_its_201_on_while_the_record_is_busy(directory_daemon, sub, token):
    stop = threading.Event()

    def upload():
        while not stop.is_set():
            directory_daemon.upload(tokens.mint(), GIF, "gif")
    threads = [threading.Thread(target=upload) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(40):
            data = uploaded(directory_daemon, token, sub)
            assert_seen(look(directory_daemon, token, data["imageId"]), data, "image/gif")
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_the_backend_sees_everything(directory_daemon, sub, token):
    data = uploaded(directory_daemon, token, sub)
    assert_seen(look(directory_daemon, records.service(), data["imageId"]), data, "image/gif")


def test_what_is_not_theirs_is_not_there(directory_daemon, sub, token):
    data = uploaded(directory_daemon, token, sub)
    expected = records.settled(look(directory_daemon, token, 2**63 - 1))
    assert expected[0] == 404
    assert '"message":"Not Found"' in expected[2]
    assert records.settled(look(directory_daemon, tokens.mint(), data["imageId"])) == expected
    assert records.settled(look(directory_daemon, records.guest(), data["imageId"])) == expected
    # One that differs by what only bytes tell apart.
    composed, decomposed = "r\u00e9" + sub, "re\u0301" + sub
    mine = directory_daemon.upload(tokens.mint(composed), GIF, "gif").json["data"]
    assert records.settled(look(directory_daemon, tokens.mint(decomposed), mine["imageId"])) == expected
    assert look(directory_daemon, tokens.mint(composed), mine["imageId"]).status == 200


def test_what_may_have_been_promised_is_not_said_to_be_missing(directory_daemon, sub, token):
    """A crash between the 201 and its record leaves `completing`: until recovery has found out, nobody knows."""
    data = uploaded(directory_daemon, token, sub)
    set_state(directory_daemon, data["imageId"], "completing")
    by_id, by_url = ({key: data[key]} for key in ("imageId", "imageUrl"))
    for asker in (token, records.service()):
        answers = [look(directory_daemon, asker, data["imageId"]),
                   *(register(directory_daemon, asker, body) for body in (by_id, by_url))]
        for answer in answers:
            assert_refused(answer, "STORE_UNAVAILABLE")
            assert int(answer["Retry-After"]) > 0
    # Nobody else learns that there is anything.
    assert look(directory_daemon, tokens.mint(), data["imageId"]).status == 404
    assert_refused(register(directory_daemon, tokens.mint(), by_id), "INVALID_IMAGE_URL")
    set_state(directory_daemon, data["imageId"], "stored")
    assert look(directory_daemon, token, data["imageId"]).status == 200
    assert register(directory_daemon, token, by_url).status == 201


def set_state(daemon, image_id, state):
    connection = sqlite3.connect(daemon.database, timeout=10)
    with connection:
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("UPDATE uploads SET state = ? WHERE id = ?", (state, image_id))
    connection.close()


@pytest.mark.parametrize("state", ["opening", "streaming", "expiring", "aborting", "anything"])
def test_what_is_not_stored_is_not_there(directory_daemon, sub, token, state):
    data = uploaded(directory_daemon, token, sub)
    assert look(directory_daemon, token, data["imageId"]).status == 200
    expected = records.settled(look(directory_daemon, token, 2**63 - 1))
    set_state(directory_daemon, data["imageId"], state)
    for asker in (token, records.service()):
        assert records.settled(look(directory_daemon, asker, data["imageId"])) == expected


@pytest.mark.parametrize("image_id", [
    "0", "01", "+1", "-1", "1.0", "1e0", "0x1", "%31", "1%20", "9223372036854775808", "99999999999999999999999999",
    "1/", "/1", "./1", "1;a", "", "abc", "١", "1,1"])
def test_ids_have_one_spelling(directory_daemon, token, image_id):
    expected = records.settled(look(directory_daemon, token, 2**63 - 1))
    data = directory_daemon.upload(token, GIF, "gif").json["data"]
    assert data["imageId"] >= 1
    answer = look(directory_daemon, token, image_id)
    if image_id.isascii():
        assert records.settled(answer) == expected
    else:
        assert answer.status in (400, 404)


def test_a_query_is_passed_over(directory_daemon, sub, token):
    data = uploaded(directory_daemon, token, sub)
    assert_seen(look(directory_daemon, token, f"{data['imageId']}?a=b"), data, "image/gif")


def test_tokens_methods_and_preflight(directory_daemon, token):
    assert_refused(look(directory_daemon, None, 1), "TOKEN_MISSING")
    assert_refused(look(directory_daemon, "a.b.c", 1), "TOKEN_INVALID")
    assert_refused(look(directory_daemon, tokens.mint(lifetime=-5), 1), "TOKEN_EXPIRED")
    for method in ("POST", "PUT", "DELETE", "HEAD"):
        answer = wire.request(directory_daemon.port, wire.head(method, "/images/1", "Content-Length: 0"),
                              method=method)
        assert (answer.status, answer["Allow"]) == (405, "GET, OPTIONS")
    answer = wire.request(directory_daemon.port, wire.head("OPTIONS", "/images/1"), method="OPTIONS")
    assert answer.status == 204
    assert_common_fields(answer)


def test_one_connection_many_looks(directory_daemon, sub, token):
    data = uploaded(directory_daemon, token, sub)
    head = wire.head("GET", f"/images/{data['imageId']}", f"Authorization: Bearer {token}")
    with wire.Connection(directory_daemon.port) as connection:
        connection.send(head * 50)
        ids = set()
        for _ in range(50):
            answer = connection.response(method="GET")
            assert_seen(answer, data, "image/gif")
            ids.add(answer["x-request-id"])
        assert len(ids) == 50


def test_clients_that_do_not_wait_leave_nothing(directory_daemon, sub, token):
    data = uploaded(directory_daemon, token, sub)
    head = wire.head("GET", f"/images/{data['imageId']}", f"Authorization: Bearer {token}")
    before = directory_daemon.descriptors()
    for _ in range(200):
        connection = wire.Connection(directory_daemon.port)
        connection.send(head)
        connection.reset()
    eventually(lambda: directory_daemon.descriptors() <= before, 10)
    assert_seen(look(directory_daemon, token, data["imageId"]), data, "image/gif")


def test_a_database_that_cannot_be_read_is_503_and_passes(directory_environment, tmp_path, sub, token):
    with Daemon(directory_environment, folder=tmp_path) as daemon:
        data = uploaded(daemon, token, sub)
        assert_seen(look(daemon, token, data["imageId"]), data, "image/gif")
        assert_refused(look(daemon, token, data["imageId"] + 1), "NOT_FOUND")
        lock = sqlite3.connect(daemon.database, timeout=10, isolation_level=None)
        lock.execute("PRAGMA wal_autocheckpoint=0")
        # The table is gone, as far as the reader is concerned.
        lock.execute("ALTER TABLE uploads RENAME TO elsewhere")
        assert_refused(look(daemon, token, data["imageId"]), "STORE_UNAVAILABLE")
        lock.execute("ALTER TABLE elsewhere RENAME TO uploads")
        lock.close()
        assert_seen(look(daemon, token, data["imageId"]), data, "image/gif")
        eventually(lambda: "can be read again" in daemon.output, 10)
        assert "cannot be read" in daemon.output
