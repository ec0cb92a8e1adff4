"""Clients in numbers."""

import resource
import socket
import warnings

# What this process, its daemon's logs and pytest need beside the connections.
SPARE = 200


def raise_limit():
    """As many descriptors as this machine lets a process have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def crowd_size(wanted, acceptable):
    """How many connections this machine lets a process have, up to `wanted`; fewer than `acceptable` is a failure."""
    raise_limit()
    count = min(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE)
    assert count >= acceptable, f"descriptors for {count} connections only: raise the limit (ulimit -n)"
    if count < wanted:
        warnings.warn(f"ONLY {count} OF {wanted} CONNECTIONS: THE DESCRIPTOR LIMIT IS TOO LOW FOR MORE", stacklevel=2)
    return count


def connect_many(port, count):
    """So many connections of which nothing more is heard."""
    connections = []
    try:
        for _ in range(count):
            connection = socket.socket()
            connections.append(connection)
            connection.settimeout(60)
            connection.connect(("127.0.0.1", port))
    except BaseException:
        for connection in connections:
            connection.close()
        raise
    return connections


def metric(daemon, name):
    for line in daemon.admin("/metrics").body.decode().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    raise AssertionError(f"no {name}")
