# Sourced by the other scripts: goes to the repository's root and offers make_venv.
# PYTHON names the interpreter to use, where it is not the first good one of the list below.

cd "$(dirname "$0")/.." || exit 1

# make_venv FOLDER: a virtual environment, made if it is not there; sets $bin
make_venv() {
    bin=$1/bin
    if "$bin/python" -m pip --version >/dev/null 2>&1; then
        return
    fi
    for python in ${PYTHON:+"$PYTHON"} python3 python python3.14 python3.13 python3.12 python3.11; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "making a virtual environment in $1 ($("$python" --version 2>&1))" >&2
            "$python" -m venv --clear "$1"
            return
        fi
    done
    echo "nlac needs Python 3.11 or newer; PYTHON=/path/to/python names one" >&2
    exit 1
}
