"""The commands: settings that are refused one line each, `settings`, `token`, `--version`, and `serve --dev`."""

import base64
import json
import os
import re
import signal
import stat
import subprocess
import tempfile
import time

import pytest

from support import tokens, wire
from support.daemon import TOP, Daemon, base_environment, binary, run
from support.images import CAP, image
from support.ports import free_port
from support.waiting import eventually

S3 = {"S3_BUCKET": "pictures", "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIAX",
      "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI", "JWT_SECRET": tokens.SECRET}


def complaint_lines(result):
    return [line for line in result.stderr.splitlines() if line.strip()]


def test_version_and_help():
    version = run("--version")
    assert version.returncode == 0 and re.search(r"\d+\.\d+", version.stdout) and not version.stderr
    for arguments in (("--help",), ("serve", "--help"), ("help",)):
        text = run(*arguments)
        assert text.returncode == 0, arguments
        assert "serve" in text.stdout and not text.stderr
    assert all(command in run("--help").stdout for command in ("serve", "token", "settings"))


@pytest.mark.parametrize("arguments", [("sevre",), ("serve", "--no-such-flag"), ("serve", "extra"), ("--verison",)])
def test_wrong_usage_is_2(arguments):
    result = run(*arguments, environment=S3)
    assert result.returncode == 2, result
    assert complaint_lines(result) and not result.stdout


@pytest.mark.parametrize(("name", "value"), [
    ("SLUICE_NONSENSE", "1"), ("SLUICE_LISTENN", "127.0.0.1:1"), ("SLUICE_LISTEN", "nonsense"),
    ("SLUICE_LISTEN", "1.2.3.4:99999"),
    ("SLUICE_ADMIN_LISTEN", "127.0.0.1"), ("SLUICE_WORKERS", "0"), ("SLUICE_WORKERS", "many"), ("SLUICE_STORE", "ftp"),
    ("SLUICE_MAX_UPLOAD_BYTES", "-1"), ("SLUICE_MAX_UPLOAD_BYTES", "5 MB"), ("SLUICE_PART_BYTES", "1024"),
    ("SLUICE_UPLOAD_STRATEGY", "teleport"), ("SLUICE_S3_PAYLOAD", "maybe"), ("SLUICE_LOG_FORMAT", "xml"),
    ("SLUICE_REQUEST_TIMEOUT_SECONDS", "soon"), ("AWS_ENDPOINT_URL_S3", "not a url"),
    ("FRONTEND_URL", "https://a/path"),
    ("SLUICE_JWT_LEEWAY_SECONDS", "99999999999999999999"),
])
def test_a_bad_setting_stops_the_start_with_one_clear_line(name, value):
    for command in ("serve", "settings"):
        result = run(command, environment={**S3, name: value})
        assert result.returncode == 2, (command, result)
        lines = complaint_lines(result)
        assert len(lines) == 1 and name in lines[0], lines


def test_each_bad_setting_has_its_line():
    bad = {"SLUICE_NONSENSE": "1", "SLUICE_WORKERS": "0", "SLUICE_STORE": "ftp", "SLUICE_LOG_FORMAT": "xml"}
    result = run("serve", environment={**S3, **bad})
    lines = complaint_lines(result)
    assert result.returncode == 2 and len(lines) == len(bad), lines
    assert all(sum(name in line for line in lines) == 1 for name in bad), lines


@pytest.mark.parametrize("missing", ["S3_BUCKET", "AWS_REGION"])
def test_a_required_setting_that_is_missing(missing):
    result = run("serve", environment={name: value for name, value in S3.items() if name != missing})
    assert result.returncode == 2
    assert [missing in line for line in complaint_lines(result)] == [True], result.stderr


def test_secrets_are_not_echoed_in_complaints():
    result = run("serve", environment={**S3, "SLUICE_WORKERS": "0", "JWT_SECRET": "hunter2" * 1_000})
    assert result.returncode == 2 and "hunter2" not in result.stderr + result.stdout


def test_settings_prints_what_is_in_force_and_no_secret(tmp_path):
    (tmp_path / "env").write_text("SLUICE_WORKERS=3\nSLUICE_MAX_UPLOAD_BYTES=1000\n# a comment\n")
    environment = {**S3, "SLUICE_MAX_UPLOAD_BYTES": "2000", "AWS_SESSION_TOKEN": "session-token-text"}
    result = run("settings", "--env-file", str(tmp_path / "env"), "--part-bytes", "6000000", environment=environment)
    assert result.returncode == 0, result
    for secret in (tokens.SECRET, "wJalrXUtnFEMI", "session-token-text"):
        assert secret not in result.stdout + result.stderr
    lines = result.stdout.splitlines()
    for name, value in (("SLUICE_WORKERS", "3"), ("SLUICE_MAX_UPLOAD_BYTES", "2000"), ("SLUICE_PART_BYTES", "6000000"),
                        ("S3_BUCKET", "pictures")):
        assert any(re.fullmatch(rf"{name}\W+{value}\b.*", line) for line in lines), (name, result.stdout)
    for name in ("JWT_SECRET", "AWS_SECRET_ACCESS_KEY", "SLUICE_DATABASE", "FRONTEND_URL", "SLUICE_LISTEN"):
        assert name in result.stdout


@pytest.mark.parametrize("mark", ["\u0301", "\ufe0f"])
def test_a_value_may_begin_with_a_combining_mark(mark, tmp_path):
    (tmp_path / "env").write_text(f"AWS_PROFILE={mark}a\n")
    result = run("settings", "--env-file", str(tmp_path / "env"), f"--form-field={mark}b",
                 environment={**S3, "SLUICE_SPOOL_DIR": f"{mark}c"})
    assert result.returncode == 0, result
    for line in (f'AWS_PROFILE="{mark}a"', f'SLUICE_FORM_FIELD="{mark}b"', f'SLUICE_SPOOL_DIR="{mark}c"'):
        assert line in result.stdout.splitlines(), line


def test_a_flag_wins_over_the_environment_and_that_over_the_file(directory_environment, tmp_path, token):
    (tmp_path / "env").write_text("SLUICE_MAX_UPLOAD_BYTES=100\nSLUICE_PUBLIC_BASE_URL=https://file.example\n")
    settings = {**directory_environment, "SLUICE_MAX_UPLOAD_BYTES": "200"}
    flags = ["--env-file", str(tmp_path / "env"), "--max-upload-bytes", "300"]
    with Daemon(settings, *flags) as daemon:
        response = daemon.upload(token, image("png", 300), "png")
        assert response.status == 201
        assert response.json["data"]["imageUrl"].startswith("https://file.example/users/")
        assert daemon.upload(token, image("png", 301), "png").status == 413


def claims(token):
    """Head and payload of a compact token, unverified."""
    return [json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]]


def test_token_mints_what_serve_accepts(directory_environment):
    with Daemon(directory_environment) as daemon:
        for arguments, sub in ((("--sub", "4711"), "4711"), ((), None)):
            result = run("token", *arguments, environment=directory_environment)
            assert result.returncode == 0, result
            minted = result.stdout.strip()
            head, body = claims(minted)
            assert head["alg"].startswith("HS") and body["exp"] > time.time()
            assert sub is None or body["sub"] == sub
            response = daemon.upload(minted, image("png", 100), "png")
            assert response.status == 201, response.body
            assert f"/users/{body['sub']}/images/" in response.json["data"]["imageUrl"]


def test_token_with_another_secret_is_refused(directory_environment):
    with Daemon(directory_environment) as daemon:
        other = {**directory_environment, "JWT_SECRET": "another"}
        minted = run("token", "--sub", "1", environment=other).stdout.strip()
        assert daemon.upload(minted, image("png", 100), "png").status == 401


class TestDevelopment:
    @pytest.fixture
    def development(self):
        """`sluice serve --dev` as a person starts it, on free ports, in a folder of its own."""
        with tempfile.TemporaryDirectory(prefix="sluice-dev-") as folder:
            port, admin = free_port(), free_port()
            flags = ["--listen", f"127.0.0.1:{port}", "--admin-listen", f"127.0.0.1:{admin}"]
            output = os.path.join(folder, "output")
            with open(output, "wb") as stream:
                process = subprocess.Popen(
                    [binary(), "serve", "--dev", *flags], env=base_environment(folder), cwd=folder,
                    stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT)
            try:
                read = lambda: open(output, errors="replace").read()
                line = eventually(lambda: curl_line(read()), 30, read)
                yield folder, port, line, process
            finally:
                process.terminate()
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def test_the_printed_curl_line_works_when_pasted(self, development):
        folder, port, line, process = development
        for _ in range(2):
            pasted = subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, text=True, timeout=30)
            assert pasted.returncode == 0, (line, pasted)
            assert '"message":"upload_image_success"' in pasted.stdout, (line, pasted)
        answer = json.loads(re.search(r"\{.*\}", pasted.stdout, re.S).group())
        url = answer["data"]["imageUrl"]
        assert f":{port}/objects/users/" in url
        stored = os.path.join(folder, ".sluice-dev")
        kept = [os.path.join(top, name) for top, _, names in os.walk(stored) for name in names]
        assert any(path.endswith(url.split("/")[-1]) for path in kept), kept

    def test_it_works_from_another_folder_too(self, development, tmp_path):
        _, _, line, _ = development
        pasted = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=30)
        assert '"message":"upload_image_success"' in pasted.stdout, (line, pasted)

    def test_the_generated_secret_is_kept_private_and_survives(self, development):
        folder, port, line, process = development
        token = re.search(r"Bearer ([\w.-]+)", line).group(1)
        walk = os.walk(os.path.join(folder, ".sluice-dev"))
        files = [os.path.join(top, name) for top, _, names in walk for name in names]
        secrets = [path for path in files if "secret" in os.path.basename(path)]
        assert secrets and all(stat.S_IMODE(os.stat(path).st_mode) & 0o077 == 0 for path in secrets)
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        own = dict.fromkeys(["SLUICE_DATABASE", "SLUICE_STORE_DIR", "SLUICE_SPOOL_DIR"])
        with Daemon({**own, "SLUICE_LISTEN": f"127.0.0.1:{port}"}, "--dev", folder=folder) as daemon:
            assert wire.upload(port, token, image("png", 100), "png").status == 201
            assert daemon.process.poll() is None


def curl_line(text):
    """The first printed command that runs curl, as it would be copied: continuation lines included."""
    joined = re.sub(r"\\\n\s*", " ", text)
    for line in joined.splitlines():
        found = re.search(r"(?:^|\s)((?:\S+ .*\| *)?curl .*)$", line)
        if found and "Bearer" in line:
            return line.strip().removeprefix("$ ").strip()
    return None


def test_an_unusable_cap_is_refused():
    result = run("serve", environment={**S3, "SLUICE_MAX_UPLOAD_BYTES": str(CAP * 10_001 * 1024**3)})
    assert result.returncode == 2


def test_the_settings_reference_in_the_documentation_is_the_programs_own():
    printed = run("settings", "--reference")
    assert printed.returncode == 0
    documented = (TOP / "Docs/Settings.md").read_text()
    assert documented.endswith("\n\n" + printed.stdout), "print it anew into Docs/Settings.md"
