"""Run one command and report its CPU time and peak memory: a script, not for import.

Until ``exec``, the operating system counts the memory of the process that starts a command as that
of the command. A peer started by the large Python process of the benchmark would seem as large. So
a bare interpreter (about 9 MiB) runs this file in between. It imports only what it needs.

Called as ``python -I -S _launch.py RESULT_FILE COMMAND...``; writes
``status user_plus_system_seconds wall_seconds maxrss`` to RESULT_FILE.
"""

import os
import sys
import time


def main() -> None:
    """Run ``sys.argv[2:]`` and write the measurements to the file ``sys.argv[1]``."""
    begin = time.perf_counter()
    process = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - begin
    code = os.waitstatus_to_exitcode(status)
    cpu = usage.ru_utime + usage.ru_stime
    with open(sys.argv[1], "w") as file:
        file.write(f"{code} {cpu:.6f} {wall:.6f} {usage.ru_maxrss}")


if __name__ == "__main__":
    main()
