"""Free loopback ports."""
import random
import socket

# Below the range from which the kernel takes ports for outgoing connections, so that nobody
# grabs one between our look and the server's bind.
_LOW, _HIGH = 20000, 30000
_given = set()


def free_port():
    """A TCP port of 127.0.0.1 that nobody listens on; never the same one twice."""
    for _ in range(500):
        port = random.randint(_LOW, _HIGH)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port
    raise RuntimeError("no free port between %d and %d" % (_LOW, _HIGH))


def _is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
