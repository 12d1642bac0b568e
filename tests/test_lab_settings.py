"""What make lab tells JupyterLab: where to open, and to ask nothing."""

import json
from pathlib import Path

from labutils.files.picture_files import LARGEST

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = ROOT / "scripts" / "jupyter"


def read(name: str) -> dict:
    return json.loads((SETTINGS / name).read_text("utf-8"))


def test_make_lab_reads_these_settings():
    lines = (ROOT / "Makefile").read_text("utf-8").splitlines()
    assert any('JUPYTER_CONFIG_PATH="$(CURDIR)/scripts/jupyter"' in line and "jupyterlab" in line
               for line in lines)


def test_it_opens_a_notebook_that_there_is():
    start = read("jupyter_server_config.json")["LabApp"]["default_url"].removeprefix("/lab/tree/")
    assert start.startswith("notebooks/student/01_") and (ROOT / start).is_file()


def test_nothing_is_asked_about_news_and_nothing_fetched():
    overrides = read("labconfig/default_setting_overrides.json")
    assert overrides["@jupyterlab/apputils-extension:notification"] == {
        "fetchNews": "false", "checkForUpdates": False}
    assert read("jupyter_server_config.json")["LabApp"]["news_url"] is None


def test_the_largest_photograph_fits_through_the_websocket():
    server = read("jupyter_server_config.json")["ServerApp"]
    assert server["tornado_settings"]["websocket_max_message_size"] > LARGEST
