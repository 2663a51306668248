#!/bin/sh
# Make the virtual environment, or bring it up to date where requirements changed. Usage: environment.sh FOLDER
# Says what is missing in plain words before anything is downloaded. PYTHON names a Python of your choice.
set -eu
folder=$1
cd "$(dirname "$0")/.."

stop() { printf '\n%s\n' "$@" >&2; exit 1; }

fits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }

wanted() { cat requirements.txt pyproject.toml tools/environment.sh | cksum; "$folder/bin/python" -V; }

if [ -x "$folder/bin/python" ] && fits "$folder/bin/python" && [ "$(cat "$folder/made-from" 2>/dev/null)" = "$(wanted)" ]; then
  exit 0
fi

python=
for candidate in ${PYTHON:-python3.12 python3.13 python3.11 python3 python}; do
  if command -v "$candidate" >/dev/null && fits "$candidate"; then python=$candidate; break; fi
done
[ -n "$python" ] || stop \
  "Python 3.11, 3.12 or 3.13 is needed; found: $(python3 -V 2>&1 || echo none)." \
  "On Debian or Ubuntu: sudo apt-get install python3 python3-venv. Another place: make book PYTHON=/path/to/python3.12"
"$python" -c 'import ensurepip, venv' 2>/dev/null || stop \
  "$("$python" -V) has no venv module. On Debian or Ubuntu: sudo apt-get install $(basename "$("$python" -c 'import sys; print(f"python{sys.version_info[0]}.{sys.version_info[1]}")')")-venv"
free=$(df -Pm . | awk 'NR == 2 { print $4 }')
[ "$free" -ge 5000 ] || [ -x "$folder/bin/python" ] || stop \
  "5 GB of free disk are needed for the environment and the book; $(pwd) has $free MB."

if ! { [ -x "$folder/bin/python" ] && fits "$folder/bin/python"; }; then
  echo "Making the environment in $folder with $("$python" -V) ..."
  "$python" -m venv --clear "$folder"
fi
rm -f "$folder/made-from"
echo "Installing what the book needs (about 2 GB, some minutes the first time) ..."
# What pip says, in short: a line for every 25 packages, and its errors.
install() {
  { "$folder/bin/python" -m pip install --disable-pip-version-check --progress-bar off "$@" 2>&1; echo "exit $?"; } |
    awk '/^Collecting|^Processing/ { if (++n % 25 == 0) { print "  " n " packages found"; fflush() } }
         /^Installing collected/ { print "  unpacking"; fflush() }
         /^exit / { code = $2 } /ERROR|[Ee]rror:/ { print } END { exit code }'
}

# Without CUDA libraries PyTorch is a tenth of the size; PyTorch's own index of CPU wheels can be named in TORCH_INDEX.
if [ -n "${TORCH_INDEX:-}" ]; then
  install --index-url "$TORCH_INDEX" "$(grep '^torch==' requirements.txt)" || stop "PyTorch could not be had from $TORCH_INDEX."
fi
install -r requirements.txt || stop \
  "An installation failed: the lines above say which. Is there a network? Then run the same command again: it goes on."
install --no-deps --no-build-isolation -e . || stop "The course's package could not be installed: see above."
wanted > "$folder/made-from"
echo "The environment is ready."
