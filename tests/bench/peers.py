"""Other modules in the same rounds, when their packages are installed."""


def running(bench):
    """Name to a running server with `cookies` that open /secure/1k.txt."""
    del bench
    return {}
