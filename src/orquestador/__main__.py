"""`python -m orquestador`: the same command line."""

from orquestador.cli import main

if __name__ == "__main__":
    main()
