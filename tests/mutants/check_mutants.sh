#!/bin/sh
# Every rule has a mutant, and every mutant fits the source. `make mutants` sees that a test notices each.
command -v python3 >/dev/null || { echo "no python3: skipped"; exit 77; }
exec python3 -B "${srcdir:-.}/tests/mutants/run.py" check "${srcdir:-.}"
