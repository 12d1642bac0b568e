"""Fill in, damage and rewrite a student version."""

import copy
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[3]
HOMEWORK = "04_smoothgrad_homework"
ANSWER, OBSERVATION = "smoothgrad-answer", "smoothgrad-observation"
TESTS = ("smoothgrad-identity", "smoothgrad-check")
HEAD = '''def smoothgrad(X, y, model, n=50, noise_pct=0.1):
    """Mean of the max-abs saliency maps of n noisy copies; (N, 224, 224)."""
'''
CORRECT = HEAD + '''    maps = torch.zeros(X.shape[:3])
    for _ in range(n):
        noisy = torch.cat([preprocess(add_noise(x, noise_pct)) for x in X])
        maps += compute_saliency_maps(noisy, y, model).cpu().abs().amax(dim=1)
    return maps / n
'''
BLACK = HEAD + "    return torch.zeros(len(X), 224, 224)\n"
FIGURE = "data:image/png;base64,iVBORw0KGgo="
WORDS = "The single dots are gone; the red seat of the folding chair is lit as a whole."


def released() -> NotebookNode:
    """The student version as it is handed out."""
    return nbformat.read(ROOT / "notebooks" / "student" / f"{HOMEWORK}.ipynb", as_version=4)


def cell_of(notebook: NotebookNode, grade_id: str) -> NotebookNode:
    """The first cell of that name."""
    return next(cell for cell in notebook.cells
                if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def filled(answer: str = CORRECT, words: str = WORDS) -> NotebookNode:
    """The student version with an answer and an observation."""
    notebook = released()
    cell_of(notebook, ANSWER).source = answer
    cell_of(notebook, OBSERVATION).source = f"<!-- {OBSERVATION} -->\n{words}"
    return notebook


def with_cell_before(notebook: NotebookNode, grade_id: str, source: str) -> NotebookNode:
    """The same notebook with one more code cell."""
    place = notebook.cells.index(cell_of(notebook, grade_id))
    notebook.cells.insert(place, nbformat.v4.new_code_cell(source))
    return notebook


def without(notebook: NotebookNode, *grade_ids: str) -> NotebookNode:
    """The same notebook without some cells."""
    gone = [cell_of(notebook, grade_id) for grade_id in grade_ids]
    notebook.cells = [cell for cell in notebook.cells if not any(cell is g for g in gone)]
    return notebook


def doubled(notebook: NotebookNode, *grade_ids: str) -> NotebookNode:
    """The same notebook with some cells twice, ids and metadata included."""
    for grade_id in grade_ids:
        place = notebook.cells.index(cell_of(notebook, grade_id))
        notebook.cells.insert(place, copy.deepcopy(notebook.cells[place]))
    return notebook


def with_figure(notebook: NotebookNode) -> NotebookNode:
    """The same notebook with an output of its figure's cell, and a script in it."""
    cell = next(cell for cell in notebook.cells if "submission/04_smoothgrad" in cell.source
                and cell.cell_type == "code")
    page = f'<script>alert(1)</script><img onload="alert(1)" alt="my maps" src="{FIGURE}">'
    cell.outputs = [nbformat.v4.new_output("display_data", {"text/html": page})]
    return notebook


def with_import(notebook: NotebookNode, line: str) -> NotebookNode:
    """The same notebook, with a line more at the top of its imports."""
    cell = next(cell for cell in notebook.cells if "import captum.attr" in cell.source)
    cell.source = f"{line}\n{cell.source}"
    return notebook


def appended(notebook: NotebookNode, source: str) -> NotebookNode:
    """The same notebook with one more code cell at its end."""
    notebook.cells.append(nbformat.v4.new_code_cell(source))
    return notebook


def source_notebook() -> NotebookNode:
    """The notebook for instructors."""
    return nbformat.read(ROOT / "notebooks" / f"{HOMEWORK}.ipynb", as_version=4)


def words_elsewhere() -> NotebookNode:
    """An observation in a cell of its own, below an empty one."""
    notebook = released()
    cell_of(notebook, ANSWER).source = CORRECT
    place = notebook.cells.index(cell_of(notebook, OBSERVATION))
    notebook.cells.insert(place + 1, nbformat.v4.new_markdown_cell(WORDS))
    return notebook


def stripped(notebook: NotebookNode) -> NotebookNode:
    """What an editor leaves that knows no metadata."""
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
    notebook.metadata = nbformat.from_dict({})
    return notebook


def from_colab(notebook: NotebookNode) -> NotebookNode:
    """What Colab makes of it: an older format, ids in the metadata, its own entries; and a cell
    that works there only, on which no answer depends."""
    notebook.cells.insert(0, nbformat.v4.new_code_cell("from google.colab import drive"))
    notebook.nbformat_minor = 0
    for number, cell in enumerate(notebook.cells):
        cell.pop("id", None)
        cell.metadata["id"] = f"Xy{number:010d}"
        if cell.cell_type == "code":
            cell.metadata["colab"] = {"base_uri": "https://localhost:8080/", "height": 35}
            cell.metadata["outputId"] = "0b6e7a3c-1"
            cell.metadata.get("nbgrader", {}).pop("cell_type", None)
    notebook.metadata = nbformat.from_dict({
        "colab": {"provenance": [], "toc_visible": True}, "accelerator": "GPU",
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
        "language_info": {"name": "python"}})
    return notebook
