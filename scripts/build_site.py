"""Build build/site/ from docs/ and the executed notebooks: python scripts/build_site.py"""

import re
import shutil
import sys
from contextlib import chdir
from pathlib import Path

from published import as_published
from sphinx.cmd.build import main as sphinx_build

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from labutils.ledger import as_markdown, counts_as_markdown, entries  # noqa: E402
from labutils.quiz import ask  # noqa: E402

BUILD = ROOT / "build"
PAGES, SITE = BUILD / "pages", BUILD / "site"
# On the site the landing page takes the README's place.
README_LINK = re.compile(r"\(\.\./README\.md(#[\w-]*)?\)")


def gather() -> None:
    """Lay out in build/pages/ what Sphinx reads, so that relative links keep working."""
    shutil.rmtree(PAGES, ignore_errors=True)
    (PAGES / "notebooks").mkdir(parents=True)
    (PAGES / "data").mkdir()
    for page in sorted((ROOT / "docs").glob("*.md")):
        shutil.copy(page, PAGES)
    shutil.copy(ROOT / "data" / "README.md", PAGES / "data")
    shutil.copytree(ROOT / "notebooks" / "images", PAGES / "notebooks" / "images")
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        chosen = newest(path, BUILD / "notebooks" / path.name)
        print(f"  {chosen.relative_to(ROOT)}")
        text = README_LINK.sub("(../index.md)", chosen.read_text("utf-8"))
        handed_out = ROOT / "notebooks" / "student" / path.name
        text = as_published(text, handed_out.read_text("utf-8"))
        (PAGES / "notebooks" / path.name).write_text(text, "utf-8")
    shutil.copy(ROOT / "notebooks" / "claims.csv", PAGES / "notebooks")
    page = PAGES / "ledger.md"
    page.write_text(with_ledger(page.read_text("utf-8"), PAGES / "notebooks"), "utf-8")
    page = PAGES / "index.md"
    page.write_text(with_question(page.read_text("utf-8")), "utf-8")


def with_ledger(page: str, notebooks: Path) -> str:
    """The page of claims with its two tables, from the notebooks that the site shows."""
    claims = entries(notebooks)
    return (page.replace("<!-- counts -->", counts_as_markdown(claims))
            .replace("<!-- claims -->", as_markdown(claims, "notebooks/")))


def with_question(page: str) -> str:
    """The landing page with its question, from docs/questions/."""
    with chdir(ROOT / "docs"):
        return page.replace("<!-- question -->", ask("landing-eagle").data)


def newest(committed: Path, executed: Path) -> Path:
    """The notebook as make run executed it, unless it was edited afterwards."""
    if executed.is_file() and executed.stat().st_mtime >= committed.stat().st_mtime:
        return executed
    return committed


def main() -> int:
    """Build the site; a warning (a bad formula, a broken link) makes it fail."""
    print("Building the site from")
    gather()
    shutil.rmtree(SITE, ignore_errors=True)
    code = sphinx_build(["-q", "-W", "--keep-going", "-b", "html", "-c", str(ROOT / "docs"),
                         "-d", str(BUILD / "doctrees"), "-E", str(PAGES), str(SITE)])
    if code:
        print("The site was built with the faults above; mend them and run: make site",
              file=sys.stderr)
        return code
    print(f"Site: {(SITE / 'index.html').relative_to(ROOT)} (open it in a browser)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
