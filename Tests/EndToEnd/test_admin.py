"""The admin listener: is it alive, can it serve, what has it done."""

import re

import pytest

from support import tokens, wire
from support.images import image

SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)(?: (-?\d+))?")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)')


def parse_metrics(text):
    """Prometheus' text format 0.0.4, read strictly: samples by (name, labels), types by family."""
    assert text.endswith("\n")
    samples, types, helped, finished, current = {}, {}, set(), set(), None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name = line.split(" ")[2]
            assert name not in helped, f"two HELP lines for {name}"
            helped.add(name)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in types and kind in ("counter", "gauge", "histogram", "summary", "untyped"), line
            types[name] = kind
        elif line and not line.startswith("#"):
            found = SAMPLE.fullmatch(line)
            assert found, line
            name, labels, value = found.group(1), found.group(2) or "", float(found.group(3))
            assert LABEL.sub("", labels) == "", line
            family = name
            for ending in ("_bucket", "_sum", "_count"):
                if types.get(name.removesuffix(ending)) == "histogram":
                    family = name.removesuffix(ending)
            assert family in types, f"no TYPE before {line}"
            if family != current:
                assert family not in finished, f"{family} in two places"
                finished.add(current)
                current = family
            assert (name, labels) not in samples, f"twice: {line}"
            if types[family] in ("counter", "histogram"):
                assert value >= 0, line
            samples[name, labels] = value
    return samples, types


def test_healthz(daemon):
    answer = daemon.admin("/healthz")
    assert (answer.status, answer.json) == (200, {"status": "ok"})


def test_readyz(daemon):
    answer = daemon.admin("/readyz")
    assert answer.status == 200
    assert answer.json == {"status": "ready", "checks": {"secret": "ok", "store": "ok", "catalog": "ok"}}


def test_metrics_are_prometheus_text_and_count_uploads(daemon):
    def read():
        answer = daemon.admin("/metrics")
        assert answer.status == 200
        assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
        return parse_metrics(answer.body.decode())[0]

    before = read()
    for _ in range(5):
        assert daemon.upload(tokens.mint(), image("png", 5_000), "png").status == 201
    assert daemon.upload("x", image("png", 5_000), "png").status == 401
    after = read()
    grown = {key: after[key] - before.get(key, 0) for key in after if after[key] != before.get(key, 0)}
    assert grown["sluice_uploads_stored_total", ""] == 5, grown
    assert grown["sluice_requests_total", 'route="images",status="201"'] == 5, grown
    assert grown["sluice_errors_total", 'error="TOKEN_INVALID"'] == 1, grown
    assert all(name.startswith(("sluice_", "process_")) for name, _ in after)


def test_histograms_are_cumulative_and_closed(daemon):
    text = daemon.admin("/metrics").body.decode()
    samples, types = parse_metrics(text)
    for family in (name for name, kind in types.items() if kind == "histogram"):
        rows = [(labels, value) for (name, labels), value in samples.items() if name == f"{family}_bucket"]
        series = {}
        for labels, value in rows:
            pairs = dict(LABEL.findall(labels))
            bound = float(pairs.pop("le").replace("+Inf", "inf"))
            series.setdefault(tuple(sorted(pairs.items())), []).append((bound, value))
        for pairs, buckets in series.items():
            assert buckets == sorted(buckets) and buckets[-1][0] == float("inf"), family
            labels = ",".join(f'{name}="{value}"' for name, value in pairs)
            assert samples[f"{family}_count", labels] == buckets[-1][1]
            assert (f"{family}_sum", labels) in samples


@pytest.mark.parametrize(("method", "target", "status"), [
    ("GET", "/", 404), ("GET", "/images", 404), ("POST", "/images", 404), ("POST", "/healthz", 405),
    ("GET", "/metricsx", 404),
])
def test_nothing_else_is_served(daemon, method, target, status):
    assert daemon.admin(target, method).status == status


def test_the_public_listener_serves_none_of_it(daemon):
    for target in ("/healthz", "/readyz", "/metrics"):
        assert wire.request(daemon.port, wire.head("GET", target), method="GET").status == 404
