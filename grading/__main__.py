"""Grade a class: make grade SUBMISSIONS=folder

    python -m grading FOLDER [--regrade STUDENT …] [--jobs N]
"""

import os
import signal
import sys
import threading

CTRL_C = {signal.SIGINT}
INTERRUPTED = b"\nInterrupted; what is graded is kept, and the same command goes on from here.\n"


def stop_at_ctrl_c() -> None:
    """Wait for Ctrl-C in a thread, then end at once, whatever the others are doing.

    No library can swallow it and no lock delays it. What must not be lost is written as a whole
    or not at all, what is being graded ends with this process (execution/grade.py), and the next
    run deletes what lies in the course folder's tmp/.
    """
    signal.sigwait(CTRL_C)
    os.write(2, INTERRUPTED)
    os._exit(130)


if __name__ == "__main__":
    # Blocked here, it reaches neither other threads nor the processes that they start, which
    # would have a word of their own to say; were it ignored, nobody would hear it.
    signal.pthread_sigmask(signal.SIG_BLOCK, CTRL_C)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=stop_at_ctrl_c, daemon=True).start()
    from grading.run import main  # takes seconds, which Ctrl-C may cut short, too

    sys.exit(main(sys.argv[1:]))
