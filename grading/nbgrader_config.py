"""nbgrader's configuration, for make grade and for make formgrader alike."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor  # noqa: E402
from nbgrader.preprocessors import GetGrades, SaveCells  # noqa: E402

from grading.pages.feedback import Tell, markdown_to_html  # noqa: E402
from grading.pages.harmless import safe_html  # noqa: E402
from grading.pages.release import AFTER_SAVING, BEFORE_SAVING, configure  # noqa: E402
from grading.settings import database, home  # noqa: E402

c = get_config()  # noqa: F821 (there when nbgrader reads this file)

c.CourseDirectory.root = str(home())
c.CourseDirectory.db_url = database()
c.CourseDirectory.course_id = "smoothgrad"
# Nothing is handed out or in through nbgrader; without a folder it warns on every page.
c.Exchange.root = str(home() / "exchange")

configure(c)
c.GenerateAssignment.preprocessors = [*BEFORE_SAVING, SaveCells, *AFTER_SAVING]

# Of the marking pages and the feedback pages alike. nbgrader's templates do not heed
# sanitize_html where they show a text, so the filters do it.
c.HTMLExporter.sanitize_html = True
c.HTMLExporter.filters = {"markdown2html": markdown_to_html, "clean_html": safe_html}
c.GenerateFeedback.preprocessors = [GetGrades, Tell, CSSHTMLHeaderPreprocessor]
