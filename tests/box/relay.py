"""One connection carried on: from standard input and output to a port of 127.0.0.1. For the emulator's `guestfwd`."""

from __future__ import annotations

import os
import select
import socket
import sys
from collections.abc import Callable


def main(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as there:
        ends: dict[int, Callable[[bytes], object]] = {0: there.sendall, there.fileno(): lambda data: os.write(1, data)}
        while True:
            for end in select.select(list(ends), [], [])[0]:
                if not (data := os.read(end, 65_536)):
                    return
                ends[end](data)


if __name__ == "__main__":
    main(int(sys.argv[1]))
