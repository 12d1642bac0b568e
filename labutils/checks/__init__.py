"""Instant feedback on a student's function: what was seen, what was expected, where to look.

Each check takes the function, tries it on small tasks, and returns a ``CheckResult``,
which a notebook displays. It needs no installation and no network, changes nothing,
restores all random states, and turns the function's errors into findings.
"""

from labutils.checks.add_noise import check_add_noise
from labutils.checks.aggregate import check_aggregate
from labutils.checks.maps import as_maps
from labutils.checks.noise_source import check_noise_source
from labutils.checks.preprocess import check_preprocess
from labutils.checks.result import CheckResult, Finding
from labutils.checks.saliency import check_saliency
from labutils.checks.smoothgrad import check_smoothgrad

__all__ = ["CheckResult", "Finding", "as_maps", "check_add_noise", "check_aggregate",
           "check_noise_source", "check_preprocess", "check_saliency", "check_smoothgrad"]
