"""Free ports of the loopback for programs that need to know theirs before they run."""
import pathlib
import random
import socket

FIRST_PORT = 10100  # below stand well-known services, and ports that browsers refuse to open
LAST_PORT = 65535
TRIES = 1000

held = []


def given_by_system():
    """The ports that outgoing connections, and servers that ask for any port, are given."""
    first, last = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    return range(int(first), int(last) + 1)


def reserve(port):
    """True if nobody else reserved it. Holds as long as this process runs, also between its servers' restarts."""
    mark = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        mark.bind(f"\0fog-port-{port}")
    except OSError:
        mark.close()
        return False
    held.append(mark)
    return True


def is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port():
    """A port that stays free until its program listens, and while it is restarted: nobody else who asks here is given
    it, and it is none that the system gives to a connection that happens to be made meanwhile."""
    given = given_by_system()
    own = [port for port in range(FIRST_PORT, LAST_PORT + 1) if port not in given]
    for port in random.sample(own, min(TRIES, len(own))):
        if is_free(port) and reserve(port):
            return port
    raise OSError(f"no free port outside {given.start}..{given.stop - 1}")
