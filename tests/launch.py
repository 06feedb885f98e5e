"""`python -m tests.launch PARENT PROGRAM ARGS...` becomes that program, which Ctrl-C in the terminal does not
reach, and which dies with its parent."""

from __future__ import annotations

import os
import sys

from orquestador.demo.child import die_with


def main() -> None:
    os.setsid()
    if die_with(int(sys.argv[1])):
        os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
