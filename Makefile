# SmoothGrad Lab: `make` alone lists what there is.
PYTHON ?= python3
export PYTHON

NOTEBOOKS = $(sort $(wildcard notebooks/*.ipynb))
PLACEHOLDER = github\(\.com\)\{0,1\}/OWNER/

# Two processes for two cores, a file in one of them; tests/conftest.py gives each process one
# thread and puts the longest files first.
PYTEST = .venv/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# For make colab-check: Colab's Python where there is one.
COLAB_PYTHON = $(shell python3.13 -c "" 2>/dev/null && echo python3.13 || echo $(PYTHON))

.PHONY: help run test test-long test-all lab site ledger bench student grade formgrader clean set-owner rehearse \
        browser-check colab-check venv venv-site venv-grading venv-browser venv-colab

help:
	@echo "make run     execute every notebook into build/notebooks/, then build the site"
	@echo "make test    run the tests and re-execute the notebooks, in minutes"
	@echo "make test-long   run what make test leaves out: all seeds, the original data and more"
	@echo "make test-all   run what both leave out: a class graded, and over a cluster"
	@echo "make lab     open JupyterLab on notebook 01 of notebooks/student/"
	@echo "make site    build build/site/index.html from the executed notebooks"
	@echo "make ledger  print every claim that the notebooks test, with its number and verdict"
	@echo "make bench   time SmoothGrad against the original lab's loop and captum"
	@echo "make student write notebooks/student/ from the notebooks with solutions"
	@echo "make grade SUBMISSIONS=folder   grade a class into build/grading/, see grading/README.md"
	@echo "make rehearse   grade a made-up class, honest and hostile, and compare its scores"
	@echo "make formgrader   open the pages for marking by hand"
	@echo "make browser-check   use the site and three notebooks in Chromium, screenshots in build/browser/"
	@echo "make colab-check   run notebooks and set-up with Colab's versions (6 GB, a quarter of an hour)"
	@echo "make clean   delete build/ (the gradebook stays) and the caches"
	@echo "make set-owner OWNER=name   write your GitHub account into the links, once"
	@echo "Another Python than python3: make run PYTHON=python3.12"

venv:
	@sh scripts/ensure_venv.sh .venv requirements.txt

# The site builder's own small environment, without torch.
venv-site:
	@sh scripts/ensure_venv.sh .venv-site docs/requirements.txt

# nbgrader's own environment, without torch; students' code runs in .venv.
venv-grading:
	@sh scripts/ensure_venv.sh .venv-grading grading/requirements.txt

# What drives a browser; JupyterLab itself runs in .venv.
venv-browser:
	@sh scripts/ensure_venv.sh .venv-browser tests/browser/requirements.txt

# Colab's versions, and no newer ones.
venv-colab:
	@PYTHON=$(COLAB_PYTHON) sh scripts/ensure_venv.sh .venv-colab scripts/colab_versions.txt \
	    scripts/colab_versions.txt

run: venv venv-site
	@.venv/bin/python scripts/run_notebooks.py $(NOTEBOOKS)
	@.venv-site/bin/python scripts/build_site.py

test: venv venv-grading
	@echo "Testing labutils and grading, re-executing the notebooks (seven minutes or so)"
	@$(PYTEST) --nbval-lax --nbval-current-env --nbval-cell-timeout=120 tests $(NOTEBOOKS)

# The tests that make test leaves out, and again those that have more seeds here.
test-long: venv venv-grading
	@echo "Testing what make test leaves out (ten minutes or so)"
	@$(PYTEST) --long -m "(long or seeds) and not rare" --durations=15 tests

# What takes longest and hangs on little: after a change of grading/.
test-all: venv venv-grading
	@echo "Testing a class graded, and over a cluster (ten minutes or so)"
	@$(PYTEST) --long -m rare --durations=15 tests

# scripts/jupyter/: where it opens, no question about news, room for photographs of 50 MB.
lab: venv
	@echo "JupyterLab opens notebook 01, the others beside it; stop it with Ctrl-C"
	@JUPYTER_CONFIG_PATH="$(CURDIR)/scripts/jupyter" .venv/bin/python -m jupyterlab

site: venv-site
	@.venv-site/bin/python scripts/build_site.py

# Python alone is enough: it reads what the executed notebooks printed.
ledger:
	@$(PYTHON) -m labutils.ledger

bench: venv
	@echo "Timing on one machine, interleaved (five minutes or so); keep it otherwise idle"
	@.venv/bin/python -m benchmarks.bench

student: venv-grading
	@.venv-grading/bin/python scripts/make_student.py

# REGRADE="s01 s02" (or all) executes these again though nothing has changed.
grade: venv venv-grading
	@test -n "$(SUBMISSIONS)" || { \
	    echo "Which folder? make grade SUBMISSIONS=folder" >&2; exit 2; }
	@.venv-grading/bin/python -m grading "$(SUBMISSIONS)" --regrade $(REGRADE)

# PYTHONPATH: the class belongs to the tests.
rehearse: venv venv-grading
	@PYTHONPATH=tests/grading .venv-grading/bin/python -m sample_class

formgrader: venv-grading
	@.venv-grading/bin/python -m grading.formgrader

# The site in one process, the notebooks in another. The conftest.py of tests/ imports torch.
browser-check: venv venv-browser site
	@echo "Using the site and the notebooks in a browser (four minutes or so)"
	@.venv-browser/bin/python -m pytest -n 2 --dist loadfile --confcutdir=tests/browser tests/browser

# ONLY="faults 04 student/04" runs these alone.
colab-check: venv-colab
	@.venv-colab/bin/python scripts/colab_check.py $(ONLY)

# Scores that were given by hand are in build/grading/ and nowhere else.
clean:
	@test ! -d build || find build -mindepth 1 -maxdepth 1 ! -name grading -exec rm -rf {} +
	@rm -rf .pytest_cache .ruff_cache
	@find labutils tests scripts docs grading -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Deleted build/ and the caches; the environments .venv… and build/grading/ stay."

# sed -i differs between Linux and macOS; with a suffix for a copy it does not.
set-owner:
	@case "$(OWNER)" in ""|*[!A-Za-z0-9-]*) \
	    echo "Give your GitHub account: make set-owner OWNER=name" >&2; exit 1;; esac
	@files=$$(grep -rl '$(PLACEHOLDER)' pyproject.toml README.md docs notebooks 2>/dev/null); \
	if [ -z "$$files" ]; then \
	    echo "Nothing to do, the owner is already set:"; grep '^Repository' pyproject.toml; \
	else \
	    for file in $$files; do \
	        sed -i.bak -e 's#github\.com/OWNER/#github.com/$(OWNER)/#g' \
	            -e 's#/github/OWNER/#/github/$(OWNER)/#g' "$$file" && rm "$$file.bak" \
	            && echo "Owner set to $(OWNER) in $$file" || exit 1; \
	    done; \
	fi
