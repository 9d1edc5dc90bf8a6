#!/bin/sh
# Every rule has a mutant; those that no longer fit the source are named. `make mutants` refuses them, and
# sees that a test notices each.
command -v python3 >/dev/null || { echo "no python3: skipped"; exit 77; }
exec python3 -B "${srcdir:-.}/tests/mutants/run.py" list "${srcdir:-.}"
