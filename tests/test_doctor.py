"""The doctor finds what is wrong and names the mend."""

import io
import sys

import pytest
from captum import __version__ as captum_version

from labutils import doctor
from labutils.doctor import (
    Finding,
    examine,
    main,
    package_finding,
    requirements,
    working_finding,
)


def test_a_good_finding_is_one_line():
    assert str(Finding(True, "torch", "2.9", "mend it")) == "[OK] torch: 2.9"


def test_a_bad_finding_names_the_mend():
    expected = "[FAIL] torch: missing\n       mend: install it"
    assert str(Finding(False, "torch", "missing", "install it")) == expected


def test_an_installed_package_in_range_is_fine():
    finding = package_finding("captum", ">=0.1")
    assert finding.ok and captum_version in finding.detail


@pytest.mark.parametrize(("package", "wanted"), [("captum", ">=99"), ("no-such-package", ">=1")])
def test_a_package_that_will_not_do_is_found_with_the_mend(package, wanted):
    finding = package_finding(package, wanted)
    assert not finding.ok and "pip install -r requirements.txt" in str(finding)


def test_a_local_build_counts_as_its_release(monkeypatch):
    monkeypatch.setattr(doctor.importlib.metadata, "version", lambda package: "2.11.0+cu128")
    assert package_finding("torch", ">=2.4,<=2.11.0").ok


def test_every_line_of_the_requirements_is_understood():
    wanted = requirements()
    assert wanted["foolbox"] == "==3.3.4" and wanted["ipywidgets"] == ">=7.7,<9"
    assert all(wanted.values())


def test_what_works_is_reported_in_its_own_words():
    assert working_finding("pictures", lambda: "20", "LAB_PICTURES") == Finding(
        True, "pictures", "20")


def fail() -> str:
    raise OSError("no such thing")


def test_what_fails_is_reported_with_its_error():
    finding = working_finding("pictures", fail, "LAB_PICTURES")
    assert not finding.ok and finding.detail == "OSError: no such thing"


def test_what_fails_because_of_the_environment_points_to_the_variable(monkeypatch):
    monkeypatch.setenv("LAB_PICTURES", "nowhere")
    assert "LAB_PICTURES" in working_finding("pictures", fail, "LAB_PICTURES").mend


def test_an_old_python_is_found(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    finding = next(examine())
    assert not finding.ok and finding.detail == "3.9.1"


def test_all_is_well_where_the_tests_run(capsys):
    assert main() == 0
    printed = capsys.readouterr().out
    assert "[FAIL]" not in printed and printed.endswith("All is well.\n")


def test_the_report_names_the_pictures_and_weights_in_use(capsys):
    main()
    printed = capsys.readouterr().out
    assert "pictures: samples: 20 photographs" in printed and "weights: deepscale" in printed


def test_bad_weights_make_the_report_fail_and_go_on(monkeypatch, capsys):
    monkeypatch.setenv("LAB_WEIGHTS", "nowhere.pth")
    assert main() == 1
    printed = capsys.readouterr().out
    assert "[FAIL] weights: FileNotFoundError" in printed
    assert "[OK] pictures" in printed and "checks failed." in printed


def test_a_classroom_folder_that_does_not_exist_is_found_with_the_mend(monkeypatch, capsys):
    monkeypatch.setenv("LAB_DATA", "no/such/folder")
    assert main() == 1
    printed = capsys.readouterr().out
    assert "[FAIL] classroom folder: FileNotFoundError: LAB_DATA is 'no/such/folder'" in printed
    assert "mend: check LAB_DATA, which is 'no/such/folder'" in printed


def test_the_classroom_folder_in_use_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("LAB_DATA", str(tmp_path))
    assert doctor._classroom() == str(tmp_path.resolve())


def test_a_terminal_of_ascii_is_no_reason_to_stop(monkeypatch):
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(doctor, "examine", lambda: [Finding(False, "pictures", "0…999", "é")])
    assert main() == 1
    terminal.flush()
    assert b"[FAIL] pictures: 0?999" in terminal.buffer.getvalue()


def test_the_mend_of_a_map_names_the_pictures_when_they_are_at_fault(monkeypatch, capsys):
    monkeypatch.setenv("LAB_PICTURES", "nowhere")
    main()
    map_finding = capsys.readouterr().out.split("[FAIL] saliency map")[1]
    assert "mend: check LAB_PICTURES, which is 'nowhere'" in map_finding
