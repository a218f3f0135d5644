"""``python -m vitrina``: the command line, as ``torchrun -m vitrina`` starts it."""

from vitrina.cli import main

main()
