"""What testssl.sh (https://testssl.sh) finds in the TLS of the public listener: nothing, but what it cannot have here.

    SLUICE_BIN=.build/debug/sluice .venv-test/bin/python Tests/Soak/testssl.py [--short]

The daemon serves `localhost` with an ECDSA and an RSA certificate of an authority of the test's own. `--short` leaves
out the simulated clients and the walk through every cipher. Exits 1 for a finding above LOW that is not on the list of
those that a loopback certificate cannot avoid, and when the scan did not come to what it has to look at.
"""

import argparse
import collections
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "EndToEnd"))

from support import tokens  # noqa: E402
from support.certificates import Authority  # noqa: E402
from support.daemon import Daemon  # noqa: E402

# Nobody answers for the revocation of a certificate of a private authority, or for the name localhost in the DNS.
UNAVOIDABLE = {
    "cert_revocation", "cert_crlRevoked", "OCSP_stapling", "cert_ocspURL", "cert_ocspRevoked",
    "cert_mustStapleExtension",
    "DNS_CAArecord", "certificate_transparency",
    # Security fields are for pages; an API that answers JSON has none to protect, and HSTS is for who owns the name.
    "HSTS", "HSTS_time", "HSTS_subdomains", "HSTS_preload", "HPKP", "security_headers",
    # About the machine that scans: its OpenSSL has no GOST, and its client may leave before the ticket of TLS 1.3 has
    # come, which is reported as a problem of the connection. Resumption has tests of its own.
    "engine_problem", "sessionresumption_ticket",
}
ABOVE_LOW = {"MEDIUM", "HIGH", "CRITICAL", "WARN", "FATAL"}
# What has to be there, and how it has to be judged: a scan that met nothing would find nothing.
EXPECTED = {
    "SSLv2": "OK", "SSLv3": "OK", "TLS1": "INFO", "TLS1_1": "INFO", "TLS1_2": "OK", "TLS1_3": "OK",
    "cert_trust": "OK", "cert_chain_of_trust": "OK", "PFS": "OK",
    "heartbleed": "OK", "CCS": "OK", "ticketbleed": "OK", "secure_renego": "OK", "secure_client_renego": "OK",
    "CRIME_TLS": "OK", "BREACH": "OK", "POODLE_SSL": "OK", "SWEET32": "OK", "FREAK": "OK", "LOGJAM": "OK",
    "BEAST": "OK", "LUCKY13": "OK", "RC4": "OK",
}
SHORT = ["-p", "-s", "-S", "-f", "-h", "-U"]
SECONDS_MAX = 1_500


def scan(port, authority, folder, arguments):
    report = folder / "report.json"
    command = ["testssl", "--add-ca", str(authority.path), "--warnings", "off", "--color", "0", "--quiet", "--ip",
               "one", "--nodns", "min", "--jsonfile", str(report), *arguments, f"https://localhost:{port}"]
    run = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=SECONDS_MAX)
    if not report.exists():
        sys.exit(f"testssl left no report:\n{run.stdout[-3_000:]}")
    return json.loads(report.read_text()), run.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="two minutes instead of five")
    options = parser.parse_args()
    if not shutil.which("testssl"):
        sys.exit("no testssl on the PATH: .ci/setup test installs it")
    with tempfile.TemporaryDirectory(prefix="sluice-testssl-") as name:
        folder = pathlib.Path(name)
        authority = Authority(folder)
        pairs = [authority.leaf(kind, "localhost", "127.0.0.1", kind=kind, days=180) for kind in ("ec", "rsa")]
        settings = {
            "SLUICE_STORE": "directory", "JWT_SECRET": tokens.SECRET,
            "SLUICE_TLS_CERTIFICATE": ",".join(str(chain) for chain, _ in pairs),
            "SLUICE_TLS_PRIVATE_KEY": ",".join(str(key) for _, key in pairs),
        }
        with Daemon(settings) as daemon:
            findings, text = scan(daemon.port, authority, folder, SHORT if options.short else [])
            if daemon.process.poll() is not None:
                sys.exit(f"the daemon did not outlive it:\n{daemon.output[-3_000:]}")
    problems = []
    for finding in findings:
        plain = finding["id"].split(" ")[0]
        line = f"{finding['severity']} {finding['id']}: {finding['finding']}"
        if finding["severity"] in ABOVE_LOW and plain not in UNAVOIDABLE:
            problems.append(line)
        elif finding["severity"] not in ("OK", "INFO"):
            print(f"passed over: {line}")
    # Of several certificates each has its findings.
    severities = {finding["id"].split(" ")[0]: finding["severity"] for finding in findings}
    for expected, severity in EXPECTED.items():
        if severities.get(expected) != severity:
            problems.append(f"{expected} is {severities.get(expected)} instead of {severity}")
    print(dict(collections.Counter(severities.values())))
    if problems:
        print(text[-6_000:])
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
