"""What a check found, readable as text, in a notebook, and by a program."""

import html
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Finding:
    """One thing that is not as the task asks.

    Attributes:
        code: a short name for programs and graders, such as ``"noise_once"``.
        message: for the student: what was seen, what was expected, where to look.
    """

    code: str
    message: str


@dataclass(frozen=True)
class CheckResult:
    """What a check found.

    Attributes:
        name: the function's name in the task, such as ``"smoothgrad"``.
        findings: what is wrong, the most specific first; empty when all is well.
        notes: remarks that are no fault.
        remarks: of an answer that works, why it will not get all points.
    """

    name: str
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    remarks: list[Finding] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """True when nothing was found that is wrong; notes and remarks do not count."""
        return not self.findings

    @property
    def codes(self) -> list[str]:
        """The codes of the findings, or of the remarks, in their order."""
        return [finding.code for finding in self.findings + self.remarks]

    def __bool__(self) -> bool:
        """``assert check_smoothgrad(smoothgrad)`` means what it says."""
        return self.passed

    def __repr__(self) -> str:
        lines = [f"{self.name}: {self._verdict()}"]
        lines += [f"  {i}. [{f.code}] {f.message}" for i, f in enumerate(self.findings, start=1)]
        lines += [f"  Remark: [{r.code}] {r.message}" for r in self.remarks]
        lines += [f"  Note: {note}" for note in self.notes]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """A small report; the verdict is in words, so that no colour is needed to read it."""
        colour = "#b3261e" if self.findings else "#b26a00" if self.remarks else "#2e7d32"
        findings = "".join(f"<li><code>{html.escape(f.code)}</code>: {html.escape(f.message)}</li>"
                           for f in self.findings)
        remarks = "".join(f"<p>Remark: <code>{html.escape(r.code)}</code>: "
                          f"{html.escape(r.message)}</p>" for r in self.remarks)
        notes = "".join(f"<p>Note: {html.escape(note)}</p>" for note in self.notes)
        return (
            f'<div role="status" style="border-left: 4px solid {colour}; padding: 0.2em 1em">'
            f"<p><strong>{html.escape(self.name)}: {self._verdict()}</strong></p>"
            + (f"<ol>{findings}</ol>" if findings else "") + remarks + notes + "</div>")

    def _verdict(self) -> str:
        if self.passed:
            return "works, but not for all points" if self.remarks else "passed"
        count = len(self.findings)
        return f"not yet right, {count} finding{'s' if count > 1 else ''}"
