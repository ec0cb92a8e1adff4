"""How a campaign ends where something outside goes wrong, or somebody wants it to end."""

import errno
import signal
import time

import pytest

import campaign


def run(lab, *arguments):
    """A campaign in this process."""
    return campaign.main(["--source", str(lab.source), "--binaries", str(lab.binaries), "--state", str(lab.state),
                          "--seconds", "1", "--jobs", "1", *arguments])


@pytest.fixture
def handlers(monkeypatch):
    """What is to hear which signal; nothing is installed."""
    installed = {}
    monkeypatch.setattr(campaign.signal, "signal", installed.__setitem__)
    return installed


@pytest.mark.parametrize("number, how, said", [
    (errno.ENOSPC, "disk full", "is full: what was found so far is kept"),
    (errno.EDQUOT, "disk full", "is full: what was found so far is kept"),
    (errno.EIO, "failed", "the words of the system"),
])
def test_an_error_of_the_system_ends_it_with_a_report(checkout, monkeypatch, capfd, handlers, number, how, said):
    lab = checkout(JSON="quiet")

    def merge(*_):
        raise OSError(number, "the words of the system")
    monkeypatch.setattr(campaign, "merge", merge)
    assert run(lab) == 1
    assert said in "".join(capfd.readouterr())
    assert lab.data()["campaigns"][0]["how"] == how
    assert lab.data()["targets"]["JSON"]["runs"] == 2048
    assert f"{how} after" in (lab.state / "report.md").read_text()


def test_a_report_that_cannot_be_written_fails(checkout, monkeypatch, capfd, handlers):
    def write(_):
        raise OSError(errno.EIO, "the words of the system")
    monkeypatch.setattr(campaign.report, "write", write)
    assert run(checkout(JSON="quiet")) == 1
    assert "the words of the system; the report could not be written" in "".join(capfd.readouterr())


def test_only_a_second_ctrl_c_ends_it_at_once(checkout, handlers):
    assert run(checkout(JSON="quiet")) == 0
    assert set(handlers) == {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    stop = handlers[signal.SIGTERM]
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGTERM):
        stop(number, None)
    assert all(handler == stop for handler in handlers.values())
    stop(signal.SIGINT, None)
    assert handlers == {signal.SIGINT: signal.SIG_DFL, signal.SIGTERM: stop, signal.SIGHUP: stop}


def test_an_end_that_is_asked_for_twice_keeps_the_report(checkout):
    lab = checkout(JSON="slow to stop")
    process = lab.start("--seconds", "300")
    scratch = lab.state / "JSON" / "tmp"
    corpus = lab.state / "JSON" / "corpus"

    def wait_for(condition):
        end = time.monotonic() + 60
        while not condition():
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.02)
    wait_for(lambda: corpus.is_dir() and any(corpus.iterdir()))
    process.send_signal(signal.SIGTERM)
    wait_for((scratch / "stopping").exists)
    process.send_signal(signal.SIGTERM)
    (scratch / "go").touch()
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 130, output
    assert lab.data()["targets"]["JSON"]["runs"] == 4242
    assert "interrupted after" in (lab.state / "report.md").read_text()
