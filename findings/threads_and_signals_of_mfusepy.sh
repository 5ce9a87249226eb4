#!/usr/bin/env bash
# FUSE mounts by mfusepy: a complaint about a number that nobody gave, and an error after a clean end.
#
# mfusepy binds libfuse 3. Its class FUSE takes no number of threads by default, and
# `max_threads=8` where one is wanted. fuse(8): SIGINT unmounts and ends the file system, as
# fusermount3 -u does; fuse_main(3) then returns 8, for "an exit signal has been received", which is
# how such a file system ends in the foreground.
#
# Packages:  mfusepy 3.1.1, with libfuse 3.14.0 (fuse3 of Debian 12) of the system, and /dev/fuse
# Expected:  nothing on standard error, with or without max_threads; FUSE() returns after SIGINT as
#            it does after fusermount3 -u.
# Seen:      "Ignoring invalid max threads value 4294967295 > max (100000)." at every mount, with
#            max_threads=8, too; only max_idle_threads=8 silences it. After SIGINT, which unmounts
#            cleanly, FUSE() raises RuntimeError(8); after fusermount3 -u it returns.
# Ends with 1 if any of this changes.
set -euo pipefail
command -v fusermount3 >/dev/null && [ -e /dev/fuse ] || { echo "needs fuse3 and /dev/fuse"; exit 2; }
work=$(mktemp -d)
trap 'fusermount3 -uq "$work/mount" 2>/dev/null || true; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check mfusepy==3.1.1
mkdir "$work/mount"
cd "$work"
cat > tree.py <<'PY'
"""Mount an empty folder with some options, until it is unmounted."""
import json
import stat
import sys

import mfusepy


class Empty(mfusepy.Operations):
    use_ns = True

    def getattr(self, path, fh=None):
        if path != "/":
            raise mfusepy.FuseOSError(2)
        return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2}

    def readdir(self, path, fh):
        return [".", ".."]


try:
    mfusepy.FUSE(Empty(), "mount", foreground=True, ro=True, **json.loads(sys.argv[1]))
    print("returned")
except RuntimeError as error:
    print(repr(error))
PY
venv/bin/python - <<'PY'
import os
import signal
import subprocess
import sys
import time

print("mfusepy 3.1.1;", subprocess.run(["fusermount3", "--version"], capture_output=True, text=True)
      .stdout.strip())


def mount(options, by_signal):
    """What a mount printed, on both outputs."""
    process = subprocess.Popen(
        [sys.executable, "tree.py", options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not os.path.ismount("mount"):
        time.sleep(0.05)
    os.listdir("mount")
    if by_signal:
        process.send_signal(signal.SIGINT)
    else:
        subprocess.run(["fusermount3", "-u", "mount"], check=True)
    out, errors = process.communicate(timeout=30)
    assert not os.path.ismount("mount")
    return out.strip(), errors.strip().splitlines()


complaint = "Ignoring invalid max threads value 4294967295 > max (100000)."
seen = {}
for options in ("{}", '{"max_threads": 8}', '{"max_idle_threads": 8}'):
    for by_signal in (False, True):
        seen[options, by_signal] = mount(options, by_signal)
        end = "SIGINT" if by_signal else "fusermount3 -u"
        print(f"{options:26} {end:15} {seen[options, by_signal]}")
silent = '{"max_idle_threads": 8}'
expected = {
    (options, by_signal): ("RuntimeError(8)" if by_signal else "returned",
                           [] if options == silent else [complaint])
    for options, by_signal in seen
}
sys.exit(seen != expected)
PY
