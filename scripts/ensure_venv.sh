#!/bin/sh
# Make sure that a virtual environment holds exactly what its requirement file asks for.
#
#     sh scripts/ensure_venv.sh .venv requirements.txt [constraints.txt]
#
# Installs only when the requirement file or the constraints have changed since
# the last complete installation: their text is kept in VENV/installed.txt,
# which is written last, so a failed installation is tried again.
set -eu
venv=$1
requirements=$2
constraints=${3:-constraints.txt}
python=${PYTHON:-python3}
stamp=$venv/installed.txt

if cat "$requirements" "$constraints" | cmp -s - "$stamp" && "$venv/bin/python" -c "" 2>/dev/null; then
    exit 0
fi
rm -f "$stamp"

if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    if ! "$python" -c "import sys; sys.exit(sys.version_info < (3, 11))"; then
        echo "$python is not Python 3.11 or newer. Name another one: make run PYTHON=python3.12" >&2
        exit 1
    fi
    echo "Creating $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv"
fi
echo "Installing $requirements into $venv (the first time takes a few minutes)"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    -r "$requirements" -c "$constraints"
cat "$requirements" "$constraints" >"$stamp"
