"""`POST /images/metadata`: what it answers, whom it lets, and what happens when two want the same."""

import concurrent.futures
import json
import sqlite3
import threading

import pytest

from support import records, tokens, wire
from support.daemon import Daemon
from support.expectations import assert_created, assert_refused
from support.images import image
from support.records import assert_registered, assert_registered_already, assert_seen, look, register
from support.waiting import eventually

JPEG = image("jpeg", 5_000)


@pytest.fixture(scope="module")
def directory_daemon(directory_environment):
    with Daemon({**directory_environment, "SLUICE_PUBLIC_BASE_URL": "https://cdn.example/pictures"}) as daemon:
        yield daemon


def uploaded(daemon, token, sub, *fields):
    return assert_created(daemon.upload(token, JPEG, "jpeg", *fields), size=len(JPEG), kind="jpeg", sub=sub)[0]


def test_by_url_in_front_of_s3(daemon, sub, token):
    data = uploaded(daemon, token, sub, "x-filename: test.jpg")
    body = {"imageUrl": data["imageUrl"], "fileSize": data["fileSize"], "originalFilename": "test.jpg"}
    assert_registered(register(daemon, token, body), data)
    row, = daemon.rows("id = ?", data["imageId"])
    assert (row["owner"], row["registered_by"], row["expires_ms"]) == (sub, "USER", None)
    assert row["registered_ms"] >= row["stored_ms"]
    assert_registered_already(register(daemon, token, body), data["imageId"])


def test_by_id_and_by_a_body_in_chunks(daemon, sub, token):
    first, second = uploaded(daemon, token, sub), uploaded(daemon, token, sub)
    assert_registered(register(daemon, token, {"imageId": first["imageId"]}), first)
    assert_registered(register(daemon, token, {"imageUrl": second["imageUrl"]}, chunked=True), second)
    assert_registered_already(register(daemon, token, {"imageUrl": first["imageUrl"]}), first["imageId"])


def test_the_record_answers_whatever_the_body_says(daemon, sub, token):
    data = uploaded(daemon, token, sub, "x-filename: mine.jpg")
    body = {"imageUrl": data["imageUrl"], "fileSize": 1, "originalFilename": "other.png", "owner": "999", "more": [1]}
    assert_registered(register(daemon, token, body, "Content-Type: text/plain"), data)
    assert daemon.rows("id = ?", data["imageId"])[0]["owner"] == sub


def test_a_sub_that_is_percent_encoded(directory_daemon):
    sub = tokens.fresh_subject() + " ö@+%2F"
    token = tokens.mint(sub)
    data = directory_daemon.upload(token, JPEG).json["data"]
    assert "%20%C3%B6%40%2B%252F" in data["imageUrl"]
    assert_registered(register(directory_daemon, token, {"imageUrl": data["imageUrl"]}), data)
    other = directory_daemon.upload(token, JPEG).json["data"]
    # Some libraries write fewer bytes encoded, and digits in lower case.
    url = other["imageUrl"].replace("%40%2B", "@+").replace("%C3%B6", "%c3%b6")
    assert_registered(register(directory_daemon, token, {"imageUrl": url}), other)


def test_the_base_may_be_set(directory_daemon, sub, token):
    data = uploaded(directory_daemon, token, sub)
    assert data["imageUrl"].startswith("https://cdn.example/pictures/users/")
    assert_registered(register(directory_daemon, token, {"imageUrl": data["imageUrl"]}), data)


def test_the_base_of_the_directory_is_the_requests_own(directory_environment, sub, token):
    with Daemon(directory_environment) as daemon:
        data = uploaded(daemon, token, sub)
        assert data["imageUrl"].startswith("http://sluice.test/objects/users/")
        body = {"imageUrl": data["imageUrl"]}
        assert_refused(register(daemon, token, body, host="elsewhere.test"), "INVALID_IMAGE_URL")
        assert_registered(register(daemon, token, body), data)


def test_tokens_are_asked_for_as_everywhere(directory_daemon):
    body = {"imageId": 1}
    assert_refused(register(directory_daemon, None, body), "TOKEN_MISSING")
    assert_refused(register(directory_daemon, "x.y.z", body), "TOKEN_INVALID")
    assert_refused(register(directory_daemon, tokens.mint(lifetime=-1), body), "TOKEN_EXPIRED")
    assert_refused(register(directory_daemon, tokens.mint(role="ADMIN"), body), "TOKEN_INVALID")
    # Before its body is looked at.
    assert_refused(register(directory_daemon, None, b"{" * 9_000), "TOKEN_MISSING")


def test_methods_and_preflight(directory_daemon):
    for method in ("GET", "PUT", "DELETE", "PATCH", "HEAD"):
        answer = wire.request(directory_daemon.port, wire.head(method, "/images/metadata"), method=method)
        assert answer.status == 405
        assert answer["Allow"] == "POST, OPTIONS"
    answer = wire.request(directory_daemon.port, wire.head("OPTIONS", "/images/metadata", "Origin: https://a.test"),
                          method="OPTIONS")
    assert answer.status == 204
    assert answer["Access-Control-Allow-Methods"] == "POST, GET, OPTIONS"
    for target in ("/images/metadata/", "/images/Metadata", "/images/metadata%20", "/images//metadata"):
        answer = wire.request(directory_daemon.port, wire.head("POST", target, "Content-Length: 0"))
        assert_refused(answer, "NOT_FOUND")


def test_what_is_not_there_and_what_is_anothers_is_refused_alike(directory_daemon, sub, token):
    data = uploaded(directory_daemon, token, sub)
    stranger = tokens.mint()
    unknown = data["imageUrl"].replace(f"users/{sub}/", "users/nobody/")
    expected = records.settled(register(directory_daemon, stranger, {"imageUrl": unknown}))
    assert expected[0] == 400
    asked = [{"imageUrl": data["imageUrl"]}, {"imageId": data["imageId"]}, {"imageId": 2**63 - 1}]
    for body in asked:
        assert records.settled(register(directory_daemon, stranger, body)) == expected
    assert register(directory_daemon, token, asked[0]).status == 201
    # Nor do others learn that it is registered.
    for body in asked:
        assert records.settled(register(directory_daemon, stranger, body)) == expected


def test_an_image_that_is_being_deleted_is_none(directory_daemon, sub, token):
    data = uploaded(directory_daemon, token, sub)
    look(directory_daemon, token, data["imageId"])
    write(directory_daemon, "UPDATE uploads SET state = 'expiring' WHERE id = ?", data["imageId"])
    for body in ({"imageUrl": data["imageUrl"]}, {"imageId": data["imageId"]}):
        for asker in (token, records.service()):
            assert_refused(register(directory_daemon, asker, body), "INVALID_IMAGE_URL")


def write(daemon, statement, *values):
    """Another program changes a row, the last of the values, once the daemon has written all that it will by itself."""
    eventually(lambda: daemon.rows("id = ?", values[-1])[0]["stored_ms"] is not None)
    connection = sqlite3.connect(daemon.database, timeout=10)
    with connection:
        connection.execute("PRAGMA wal_autocheckpoint=0")
        assert connection.execute(statement, values).rowcount == 1
    connection.close()


def test_a_trusted_role_registers_for_anybody_and_may_say_whose(directory_daemon, sub, token):
    kept, given = uploaded(directory_daemon, token, sub), uploaded(directory_daemon, token, sub)
    assert_registered(register(directory_daemon, records.service(), {"imageUrl": kept["imageUrl"]}), kept)
    assert directory_daemon.rows("id = ?", kept["imageId"])[0]["owner"] == sub
    heir = tokens.fresh_subject()
    body = {"imageUrl": given["imageUrl"], "owner": heir}
    assert_registered(register(directory_daemon, records.service(), body), given)
    row, = directory_daemon.rows("id = ?", given["imageId"])
    assert (row["owner"], row["registered_by"]) == (heir, "SERVICE")
    assert f"users/{sub}/" in row["key"]
    assert_seen(look(directory_daemon, tokens.mint(heir), given["imageId"]), given)
    assert_refused(look(directory_daemon, token, given["imageId"]), "NOT_FOUND")
    # Final, for everyone who may know of it.
    for asker in (tokens.mint(heir), records.service()):
        assert_registered_already(register(directory_daemon, asker, {"imageId": given["imageId"]}), given["imageId"])
    assert_refused(register(directory_daemon, token, {"imageId": given["imageId"]}), "INVALID_IMAGE_URL")


def test_roles_that_are_trusted_are_a_setting(directory_environment, sub, token):
    with Daemon({**directory_environment, "SLUICE_TRUSTED_ROLES": "BACKEND"}) as daemon:
        data = uploaded(daemon, token, sub)
        assert_refused(register(daemon, records.service(), {"imageId": data["imageId"]}), "TOKEN_INVALID")
        backend = tokens.mint("b", role="BACKEND")
        assert_registered(register(daemon, backend, {"imageId": data["imageId"]}), data)


def test_a_guests_own_registration_is_not_the_last_word(directory_daemon):
    sub = records.guest_subject()
    guest = records.guest(sub)
    data = uploaded(directory_daemon, guest, sub)
    write(directory_daemon, "UPDATE uploads SET expires_ms = 9000000000000 WHERE id = ?", data["imageId"])
    body = {"imageUrl": data["imageUrl"], "owner": "1"}
    assert_registered(register(directory_daemon, guest, body), data)
    row, = directory_daemon.rows("id = ?", data["imageId"])
    assert (row["owner"], row["registered_by"], row["expires_ms"]) == (sub, "GUEST", 9_000_000_000_000)
    seen = assert_seen(look(directory_daemon, guest, data["imageId"]), data)
    assert seen["registeredAt"] and seen["expiresAt"] == "2255-03-14T16:00:00.000Z"
    assert_registered_already(register(directory_daemon, guest, body), data["imageId"])
    # The sign-up completes.
    heir = tokens.fresh_subject()
    assert_registered(register(directory_daemon, records.service(), {**body, "owner": heir}), data)
    row, = directory_daemon.rows("id = ?", data["imageId"])
    assert (row["owner"], row["registered_by"], row["expires_ms"]) == (heir, "SERVICE", None)
    assert_registered_already(register(directory_daemon, records.service(), body), data["imageId"])
    assert_registered_already(register(directory_daemon, tokens.mint(heir), body), data["imageId"])
    assert_refused(register(directory_daemon, guest, body), "INVALID_IMAGE_URL")


def test_a_guest_after_the_backend(directory_daemon):
    sub = records.guest_subject()
    guest = records.guest(sub)
    data = uploaded(directory_daemon, guest, sub)
    body = {"imageId": data["imageId"]}
    assert_registered(register(directory_daemon, records.service(), body), data)
    for asker in (guest, records.service()):
        assert_registered_already(register(directory_daemon, asker, body), data["imageId"])


def race(askers):
    """Each asks at the same moment, on a connection of its own."""
    gate = threading.Barrier(len(askers))

    def ask(asker):
        gate.wait()
        return asker()
    with concurrent.futures.ThreadPoolExecutor(len(askers)) as pool:
        return list(pool.map(ask, askers))


@pytest.mark.parametrize("count", [2, 16])
def test_of_several_at_once_one_is_first(directory_daemon, sub, token, count):
    for _ in range(5):
        data = uploaded(directory_daemon, token, sub)
        bodies = [{"imageUrl": data["imageUrl"]}, {"imageId": data["imageId"]}]
        answers = race([lambda body=bodies[n % 2]: register(directory_daemon, token, body) for n in range(count)])
        first = [answer for answer in answers if answer.status == 201]
        assert len(first) == 1
        assert_registered(first[0], data)
        for answer in answers:
            if answer is not first[0]:
                assert_registered_already(answer, data["imageId"])


def test_a_guest_and_the_backend_at_once(directory_daemon):
    for number in range(10):
        sub = records.guest_subject()
        guest = records.guest(sub)
        data = uploaded(directory_daemon, guest, sub)
        askers = [lambda: register(directory_daemon, guest, {"imageId": data["imageId"]}),
                  lambda: register(directory_daemon, records.service(), {"imageUrl": data["imageUrl"]})]
        mine, theirs = race(askers) if number % 2 else race(askers[::-1])[::-1]
        # Whoever was first, the backend's is written.
        assert_registered(theirs, data)
        assert mine.status == 201 or assert_registered_already(mine, data["imageId"]) is None
        assert directory_daemon.rows("id = ?", data["imageId"])[0]["registered_by"] == "SERVICE"


def test_it_survives_a_kill_right_after_its_answer(directory_environment, tmp_path, sub, token):
    with Daemon(directory_environment, folder=tmp_path) as daemon:
        data = uploaded(daemon, token, sub)
        register(daemon, token, {"imageId": data["imageId"]})
        daemon.kill()
    with Daemon(directory_environment, folder=tmp_path) as daemon:
        assert_registered_already(register(daemon, token, {"imageId": data["imageId"]}), data["imageId"])


def test_the_rates_count_it(directory_environment, sub, token):
    limits = {**directory_environment, "SLUICE_TRUSTED_PROXIES": "127.0.0.1/32",
              "SLUICE_ADDRESS_REQUESTS_PER_MINUTE": "1", "SLUICE_ADDRESS_REQUESTS_BURST": "2"}
    with Daemon(limits) as daemon:
        where = "X-Forwarded-For: 192.0.2.1"
        assert_refused(register(daemon, None, {}, where), "TOKEN_MISSING")
        assert_refused(look(daemon, None, 1, where), "TOKEN_MISSING")
        assert_refused(register(daemon, None, {}, where), "TOO_MANY_REQUESTS")
        assert_refused(look(daemon, None, 1, where), "TOO_MANY_REQUESTS")
    limits = {**directory_environment, "SLUICE_SUBJECT_REQUESTS_PER_MINUTE": "1", "SLUICE_SUBJECT_REQUESTS_BURST": "2"}
    with Daemon(limits) as daemon:
        assert_refused(register(daemon, token, {}), "BAD_REQUEST")
        assert_refused(look(daemon, token, 1), "NOT_FOUND")
        assert_refused(register(daemon, token, {}), "TOO_MANY_REQUESTS")
        assert_refused(look(daemon, token, 1), "TOO_MANY_REQUESTS")


def test_the_log_names_image_and_sub_and_no_metric_takes_it_for_an_upload(directory_environment, sub, token):
    with Daemon(directory_environment) as daemon:
        data = uploaded(daemon, token, sub)
        register(daemon, token, {"imageId": data["imageId"]})
        line = daemon.access_log(1, lambda line: line.get("path") == "/images/metadata")[0]
        assert (line["sub"], line["image_id"], line["status"]) == (sub, data["imageId"], 201)
        metrics = daemon.admin("/metrics").body.decode()
        assert 'route="metadata"' in metrics
        assert "sluice_upload_duration_seconds_count 1\n" in metrics, metrics


def test_while_the_record_cannot_be_written_it_is_503_and_looks_go_on(directory_environment, sub, token):
    with Daemon(directory_environment) as daemon:
        data = uploaded(daemon, token, sub)
        assert_seen(look(daemon, token, data["imageId"]), data)
        lock = sqlite3.connect(daemon.database, timeout=10, isolation_level=None)
        lock.execute("PRAGMA wal_autocheckpoint=0")
        lock.execute("BEGIN IMMEDIATE")
        # The writer waits for five seconds before it gives up.
        assert_refused(register(daemon, token, {"imageId": data["imageId"]}), "STORE_UNAVAILABLE")
        assert_seen(look(daemon, token, data["imageId"]), data)
        lock.execute("ROLLBACK")
        lock.close()
        daemon.wait_until("readyz")
        assert_registered(register(daemon, token, {"imageId": data["imageId"]}), data)
        assert "a record could not be asked for" in daemon.output


def test_bodies_that_stay_out_keep_nobody_out(directory_environment, sub, token):
    limits = {**directory_environment, "SLUICE_WORKERS": "1", "SLUICE_MIN_BODY_BYTES_PER_SECOND": "0",
              "SLUICE_REQUEST_TIMEOUT_SECONDS": "3600", "SLUICE_CONNECTIONS_MAX": "4000"}
    head = wire.head("POST", "/images/metadata", f"Authorization: Bearer {token}", "Content-Length: 8000")
    waiting = []
    with Daemon(limits) as daemon:
        data = uploaded(daemon, token, sub)
        try:
            for number in range(2_048):
                waiting.append(wire.Connection(daemon.port))
                waiting[-1].send(head)
                if number % 256 == 255:
                    # Or they would be ended as idle.
                    for connection in waiting:
                        connection.send(b" ")
            assert_seen(look(daemon, token, data["imageId"]), data)
            assert_registered(register(daemon, token, {"imageId": data["imageId"]}), data)
            # It took the place of the first, and of no other.
            assert_refused(waiting[0].response(), "STORE_UNAVAILABLE")
            waiting[1].send(b" " * 8_000)
            assert_refused(waiting[1].response(), "BAD_REQUEST")
        finally:
            for connection in waiting:
                connection.reset()


def test_too_many_at_once_are_503(directory_environment, sub, token):
    with Daemon({**directory_environment, "SLUICE_WORKERS": "1", "SLUICE_CONNECTIONS_MAX": "4000"}) as daemon:
        data = uploaded(daemon, token, sub)
        body = json.dumps({"imageId": data["imageId"]}).encode()
        request = wire.head(
            "POST", "/images/metadata", f"Authorization: Bearer {token}", f"Content-Length: {len(body)}") + body
        # The writer waits for this for five seconds.
        lock = sqlite3.connect(daemon.database, timeout=10, isolation_level=None)
        lock.execute("PRAGMA wal_autocheckpoint=0")
        lock.execute("BEGIN IMMEDIATE")
        waiting = []
        try:
            for _ in range(2_048):
                waiting.append(wire.Connection(daemon.port))
                waiting[-1].send(request)
            eventually(lambda: look(daemon, token, data["imageId"]).status == 503, 4)
        finally:
            lock.execute("ROLLBACK")
            lock.close()
            for connection in waiting:
                connection.reset()
        eventually(lambda: look(daemon, token, data["imageId"]).status == 200, 20)
