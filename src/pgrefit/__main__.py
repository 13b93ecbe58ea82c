"""`python -m pgrefit` is the program."""

from pgrefit.cli.main import run

if __name__ == "__main__":
    run()
