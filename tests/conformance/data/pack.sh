#!/usr/bin/env bash
# Packs conformance data: each SOURCE/ in a folder becomes SOURCE/files.tar.gz here, the same bytes each time (GNU tar).
# What lies unpacked next to the archive (README.md, LICENSE.txt, gen.py) is left out of it.
#
#   pack.sh FOLDER [SOURCE…]     FOLDER has onnx/, onnx-recurrent/, torch/ and webnn/, or those that are named
#   tar xzf onnx/files.tar.gz -C SOMEWHERE     unpacks one for reading
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
from=${1:?which folder?}
shift
[ $# -gt 0 ] || set -- onnx onnx-recurrent torch webnn
for source in "$@"; do
  mkdir -p "$here/$source"
  (cd "$from/$source" && find . -type f ! -path ./README.md ! -path ./LICENSE.txt ! -path ./gen.py -printf '%P\0' | LC_ALL=C sort -z |
    tar --create --format=ustar --mode=644 --mtime=@0 --owner=0 --group=0 --numeric-owner --null --files-from=-) |
    gzip -9n >"$here/$source/files.tar.gz"
  echo "$source: $(tar tzf "$here/$source/files.tar.gz" | wc -l) files, $(stat -c %s "$here/$source/files.tar.gz") bytes"
done
