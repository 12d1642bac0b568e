"""Sphinx settings of the site. Nothing on its pages is fetched from a network."""

import importlib.metadata
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

package = tomllib.loads((HERE.parent / "pyproject.toml").read_text("utf-8"))["project"]
repository = package["urls"]["Repository"]

project = "SmoothGrad Lab"
author = "SmoothGrad Lab contributors"
project_copyright = author
release = package["version"]
language = "en"

extensions = ["myst_nb", "mathml", "accessible", "student_files", "search_texts"]
html_math_renderer = "mathml"
myst_enable_extensions = ["dollarmath", "amsmath", "html_image", "colon_fence"]
myst_heading_anchors = 3
myst_update_mathjax = False

nb_execution_mode = "off"  # make run has executed them
nb_merge_streams = True
nb_render_markdown_format = "myst"  # the plain format knows no tables, and 10 shows the ledger
suppress_warnings = ["myst-nb.lexer"]  # a notebook that was never executed
nb_ipywidgets_js = {}  # the default would load it from a network

html_theme = "sphinx_book_theme"
html_title = project
# Not every computer has a font that can draw formulas, so the site brings one (SIL Open Font
# License); the package is read as data, not imported.
math_font = importlib.metadata.distribution("ziamath").locate_file(
    "ziamath/fonts/STIXTwoMath-Regular.ttf")
html_static_path = [str(HERE / "_static"), str(math_font)]
html_css_files = ["site.css", "landing.css", "reference.css"]
html_js_files = ["site.js"]
html_use_index = False
html_copy_source = False  # students download their own file, see student_files.py
html_logo = str(HERE / "_static" / "logo.svg")
html_favicon = html_logo
html_context = {"default_mode": "auto"}  # light or dark, as the browser says
html_theme_options = {
    "logo": {"text": project, "alt_text": ""},
    "home_page_in_toc": True,
    "navbar_persistent": [],  # one search field is enough: the one in the side bar
    "use_fullscreen_button": False,
    "use_download_button": False,
    "show_toc_level": 2,
    "search_as_you_type": False,
    # The placeholder owner leads nowhere, so there is no button until it is set.
    "repository_url": repository,
    "use_repository_button": "/OWNER/" not in repository,
}
