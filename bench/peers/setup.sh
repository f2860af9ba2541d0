#!/usr/bin/env bash
# Makes the Python environments that the suites `peers` and `live` compare with, outside the tree and pinned:
#   setup.sh            all of them. A few gigabytes, since the PyPI wheels of torch bring CUDA libraries; all peers run on the CPU.
#   setup.sh NAME …     only these. The suite `live` needs brian2, annarchy and nest; the rule `pair` of `learn` learning and brian2.
# Run again, it only fills in what is missing.
#
# Environments: torch (SpikingJelly, snnTorch, Norse), sinabs (needs an old `nir`; after torch), brian2 (needs an older numpy; g++ when
# it runs), annarchy (a source package: g++ and cmake), nest and learning (BindsNET, SpikingJelly).
# Folder: $LLIF_PEERS, or llif/peers in the user's cache folder.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${LLIF_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/llif/peers}
python=${PYTHON:-python3}
mkdir -p "$folder"

# make NAME: a virtual environment with the packages of requirements-NAME.txt; a stamp marks it complete.
make() {
  local name=$1 requirements=$here/requirements-$1.txt
  if cmp -s "$requirements" "$folder/$name/requirements.txt"; then
    echo "$name: ready"
    return
  fi
  echo "$name: installing into $folder/$name …"
  [ -x "$folder/$name/bin/python" ] || "$python" -m venv "$folder/$name"
  if [ "$name" = sinabs ]; then
    # torch is shared with the first environment: it alone is gigabytes.
    "$folder/torch/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' >"$("$folder/sinabs/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/shared-torch.pth"
  fi
  "$folder/$name/bin/python" -m pip install --quiet --no-input setuptools==80.9.0 setuptools_scm==8.3.1 wheel==0.45.1
  # Norse comes as source and compiles against the installed torch.
  "$folder/$name/bin/python" -m pip install --quiet --no-input --no-build-isolation -r "$requirements"
  cp "$requirements" "$folder/$name/requirements.txt"
}

[ $# -gt 0 ] || set -- torch sinabs brian2 annarchy nest learning
for name in "$@"; do make "$name"; done
echo "environments in $folder"
