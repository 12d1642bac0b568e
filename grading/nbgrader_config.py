"""nbgrader's configuration, for make grade and for make formgrader alike."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor  # noqa: E402
from nbgrader.preprocessors import (  # noqa: E402
    CheckCellMetadata,
    GetGrades,
    IgnorePattern,
    LimitOutput,
    SaveCells,
)

from grading.canary import Plant, Uproot  # noqa: E402
from grading.execute import ExecuteGuarded  # noqa: E402
from grading.handed_in import safe_html  # noqa: E402
from grading.pages import Harmless, HideTests, markdown_to_html  # noqa: E402
from grading.release import AFTER_SAVING, BEFORE_SAVING, configure  # noqa: E402
from grading.scores import SaveScores  # noqa: E402
from grading.settings import Bounds, home  # noqa: E402

c = get_config()  # noqa: F821 (there when nbgrader reads this file)
bounds = Bounds()

c.CourseDirectory.root = str(home().folder)
c.CourseDirectory.db_url = home().database
c.CourseDirectory.course_id = "smoothgrad"

configure(c)
c.GenerateAssignment.preprocessors = [*BEFORE_SAVING, SaveCells, *AFTER_SAVING]

c.Autograde.autograde_preprocessors = [
    Plant, ExecuteGuarded, Uproot, IgnorePattern, LimitOutput, SaveScores, CheckCellMetadata]
c.Execute.timeout = bounds.cell_seconds
c.Execute.startup_timeout = 120
# After a time-out this is how long an interrupted kernel may take to come to rest.
c.Execute.iopub_timeout = 10
# Nothing but an error costs points; without this any line on stderr would.
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = r"\S|\s"
c.LimitOutput.max_lines = 300
# Files instead of ports: they work without a network, and other users cannot reach them.
c.KernelManager.transport = "ipc"

# Of the marking pages and the feedback pages alike. nbgrader's templates do not heed
# sanitize_html where they show a text, so the filters do it.
c.HTMLExporter.sanitize_html = True
c.HTMLExporter.filters = {"markdown2html": markdown_to_html, "clean_html": safe_html}
c.HTMLExporter.preprocessors = [Harmless]
c.GenerateFeedback.preprocessors = [GetGrades, HideTests, CSSHTMLHeaderPreprocessor]
