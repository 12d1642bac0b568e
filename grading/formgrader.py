"""Open nbgrader's pages for marking by hand: make formgrader"""

import os
import subprocess
import sys

from grading.settings import ROOT, home


def main() -> int:
    """Start a Jupyter server on the course folder; Ctrl-C stops it."""
    folder = home()
    if not (folder / "records").is_dir():
        print(f"There is nothing to mark in {folder} yet; first: make grade SUBMISSIONS=folder",
              file=sys.stderr)
        return 1
    print("The marking pages open in the browser; stop them with Ctrl-C. What counts: "
          "grading/rubric.md and the mark schemes in the homework notebooks.\n"
          "Afterwards run make grade once more: it writes the new scores to grades.csv.")
    (folder / "exchange").mkdir(exist_ok=True)
    as_root = ["--allow-root"] if os.geteuid() == 0 else []
    # The extension reads nbgrader_config.py from the folder it is started in.
    try:
        return subprocess.call(
            [sys.executable, "-m", "jupyterlab", "--LabApp.default_url=/formgrader",
             f"--ServerApp.root_dir={folder}", *as_root, *sys.argv[1:]],
            cwd=ROOT / "grading", env=os.environ | {"GRADING_HOME": str(folder)})
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
