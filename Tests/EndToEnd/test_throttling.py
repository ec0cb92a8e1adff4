"""429 by address, by `sub` and in all; connections by address; what a refused request costs its neighbours."""

import time

import pytest

from support import tokens, wire
from support.daemon import Daemon, run
from support.expectations import assert_created, assert_refused
from support.images import image
from support.waiting import eventually

BODY = image("jpeg", 5_000)


def settings(base, **changes):
    return {**base, "SLUICE_TRUSTED_PROXIES": "127.0.0.1/32", **{f"SLUICE_{k}": str(v) for k, v in changes.items()}}


def from_address(daemon, address, token, body=BODY):
    return daemon.upload(token, body, "jpeg", f"X-Forwarded-For: {address}")


def assert_too_many(response, seconds_max=60):
    assert_refused(response, "TOO_MANY_REQUESTS")
    assert 1 <= int(response["Retry-After"]) <= seconds_max
    return int(response["Retry-After"])


def test_nothing_is_throttled_by_default(directory_environment, token):
    with Daemon(directory_environment) as daemon:
        assert {daemon.upload(token, BODY).status for _ in range(80)} == {201}


def test_by_address(directory_environment, sub, token):
    limits = settings(directory_environment, ADDRESS_REQUESTS_PER_MINUTE=6, ADDRESS_REQUESTS_BURST=3)
    with Daemon(limits) as daemon:
        for _ in range(3):
            assert_created(from_address(daemon, "192.0.2.1", token), size=len(BODY), kind="jpeg", sub=sub)
        assert_too_many(from_address(daemon, "192.0.2.1", token), 10)
        # Another one is not held up by it, whatever its token.
        assert from_address(daemon, "192.0.2.2", token).status == 201
        # The address is asked before the token is looked at.
        assert_too_many(from_address(daemon, "192.0.2.1", "no-token"), 10)
        assert_too_many(from_address(daemon, "192.0.2.1", None), 10)
        # What is no upload is not counted.
        answer = wire.request(daemon.port, wire.head("OPTIONS", "/images", "X-Forwarded-For: 192.0.2.1"),
                              method="OPTIONS")
        assert answer.status == 204
        missing = wire.request(daemon.port, wire.head("GET", "/nothing", "X-Forwarded-For: 192.0.2.1"))
        assert missing.status == 404
        metrics = daemon.admin("/metrics").body.decode()
        assert 'sluice_errors_total{error="TOO_MANY_REQUESTS"} 3' in metrics


def test_one_ipv6_prefix_is_one_caller(directory_environment, token):
    limits = settings(directory_environment, ADDRESS_REQUESTS_PER_MINUTE=1, ADDRESS_REQUESTS_BURST=2)
    with Daemon(limits) as daemon:
        assert from_address(daemon, "2001:db8::1", token).status == 201
        assert from_address(daemon, "2001:db8::2", token).status == 201
        assert_too_many(from_address(daemon, "2001:db8::3", token))
        assert from_address(daemon, "2001:db8:0:1::1", token).status == 201
    with Daemon({**limits, "SLUICE_IPV6_PREFIX_BITS": "48"}) as daemon:
        assert from_address(daemon, "2001:db8::1", token).status == 201
        assert from_address(daemon, "2001:db8:0:1::1", token).status == 201
        assert_too_many(from_address(daemon, "2001:db8:0:2::1", token))


def test_by_subject_whatever_the_address(directory_environment):
    limits = settings(directory_environment, SUBJECT_REQUESTS_PER_MINUTE=6, SUBJECT_REQUESTS_BURST=2)
    with Daemon(limits) as daemon:
        busy, calm = tokens.fresh_subject(), tokens.fresh_subject()
        assert from_address(daemon, "192.0.2.1", tokens.mint(busy)).status == 201
        assert from_address(daemon, "192.0.2.2", tokens.mint(busy)).status == 201
        assert_too_many(from_address(daemon, "192.0.2.3", tokens.mint(busy)), 10)
        assert from_address(daemon, "192.0.2.3", tokens.mint(calm)).status == 201
        # A token that is wrong uses nobody's budget, and comes before the `sub` is known.
        for _ in range(3):
            wrong = tokens.mint(calm, secret="another secret that nobody knows")
            assert_refused(from_address(daemon, "192.0.2.4", wrong), "TOKEN_INVALID")
        assert from_address(daemon, "192.0.2.4", tokens.mint(calm)).status == 201
        assert [line["sub"] for line in daemon.access_log(1, lambda line: line["status"] == 429)] == [busy]


def test_all_together(directory_environment, token):
    limits = settings(directory_environment, TOTAL_REQUESTS_PER_SECOND=1, TOTAL_REQUESTS_BURST=3)
    with Daemon(limits) as daemon:
        answers = [from_address(daemon, f"192.0.2.{number}", token) for number in range(1, 12)]
        statuses = [answer.status for answer in answers]
        assert statuses[:3] == [201, 201, 201]
        assert 429 in statuses, statuses
        for answer in answers:
            if answer.status == 429:
                assert_too_many(answer, 5)


def test_retry_after_is_kept(directory_environment, token):
    limits = settings(directory_environment, ADDRESS_REQUESTS_PER_MINUTE=60, ADDRESS_REQUESTS_BURST=1)
    with Daemon(limits) as daemon:
        assert from_address(daemon, "192.0.2.1", token).status == 201
        seconds = assert_too_many(from_address(daemon, "192.0.2.1", token), 1)
        time.sleep(seconds)
        assert from_address(daemon, "192.0.2.1", token).status == 201


def test_one_limit_over_all_workers(directory_environment, token):
    limits = settings(directory_environment, WORKERS=2, ADDRESS_REQUESTS_PER_MINUTE=1, ADDRESS_REQUESTS_BURST=10)
    with Daemon(limits) as daemon:
        statuses = [daemon.upload(token, BODY).status for _ in range(40)]
        assert statuses.count(201) == 10, statuses


def test_an_upload_that_is_throttled_reads_its_answer(directory_environment, token):
    limits = settings(directory_environment, ADDRESS_REQUESTS_PER_MINUTE=1, ADDRESS_REQUESTS_BURST=1)
    with Daemon(limits) as daemon:
        assert daemon.upload(token, BODY).status == 201
        for chunked in (False, True):
            assert_too_many(daemon.upload(token, image("jpeg", 4_000_000), chunked=chunked))


def test_429_is_readable_by_a_browser(directory_environment, token):
    limits = settings(directory_environment, ADDRESS_REQUESTS_PER_MINUTE=1, ADDRESS_REQUESTS_BURST=1)
    with Daemon({**limits, "FRONTEND_URL": "https://app.example"}) as daemon:
        daemon.upload(token, BODY)
        answer = daemon.upload(token, BODY, "jpeg", "Origin: https://app.example")
        assert answer.status == 429
        assert answer["Access-Control-Allow-Origin"] == "https://app.example"
        assert answer["Vary"] == "Origin"
        assert "retry-after" in answer["Access-Control-Expose-Headers"]


def test_connections_of_one_address(directory_environment, token):
    limits = {**directory_environment, "SLUICE_ADDRESS_CONNECTIONS_MAX": "5"}
    with Daemon(limits) as daemon:
        kept = [wire.Connection(daemon.port) for _ in range(5)]
        for connection in kept:
            connection.send(wire.upload_head(token, length=len(BODY)) + BODY)
            assert connection.response().status == 201
        with wire.Connection(daemon.port) as one_more:
            assert one_more.ends() and not one_more.received
        with wire.Connection(daemon.port) as another:
            another.send(wire.head("OPTIONS", "/images"))
            assert another.ends()
        assert "sluice_connections_refused_total 2" in daemon.admin("/metrics").body.decode()
        # Those that are there go on, and one that ends makes room.
        kept[0].send(wire.upload_head(token, length=len(BODY)) + BODY)
        assert kept[0].response().status == 201
        kept.pop().socket.close()

        def has_room():
            with wire.Connection(daemon.port) as newcomer:
                try:
                    newcomer.send(wire.head("OPTIONS", "/images"))
                    return newcomer.response(method="OPTIONS").status == 204
                except ConnectionError:
                    return False
        eventually(has_room, 10, lambda: daemon.output)
        for connection in kept:
            connection.socket.close()


def test_a_trusted_proxys_own_connections_are_not_counted(directory_environment, token):
    limits = settings(directory_environment, ADDRESS_CONNECTIONS_MAX=2)
    with Daemon(limits) as daemon:
        kept = [wire.Connection(daemon.port) for _ in range(8)]
        for connection in kept:
            connection.send(wire.head("OPTIONS", "/images"))
            assert connection.response(method="OPTIONS").status == 204
            connection.socket.close()

        def announced(address):
            connection = wire.Connection(daemon.port)
            connection.send(f"PROXY TCP4 {address} 192.0.2.254 4000 80\r\n".encode() + wire.head("OPTIONS", "/images"))
            return connection
        held = [announced("192.0.2.7") for _ in range(2)]
        for connection in held:
            assert connection.response(method="OPTIONS").status == 204
        with announced("192.0.2.7") as third:
            assert third.ends() and not third.received
        with announced("192.0.2.8") as other:
            assert other.response(method="OPTIONS").status == 204
        for connection in held:
            connection.socket.close()


@pytest.mark.parametrize("name, value", [
    ("ADDRESS_REQUESTS_PER_MINUTE", "-1"), ("ADDRESS_REQUESTS_BURST", "0"), ("TOTAL_REQUESTS_PER_SECOND", "many"),
    ("IPV6_PREFIX_BITS", "16"), ("IPV6_PREFIX_BITS", "129"), ("ADDRESS_CONNECTIONS_MAX", "1.5")])
def test_limits_that_are_none(directory_environment, name, value):
    ended = run("serve", environment={**directory_environment, f"SLUICE_{name}": value})
    assert ended.returncode == 2
    assert f"SLUICE_{name}: must be a whole number" in ended.stderr
