"""Tables of sentences: the codes of a check's findings, in order, and what is said of each."""

import re

from labutils.checks.result import Finding

Table = dict[str, str]


def finding(table: Table, key: str, **seen: object) -> Finding:
    """The finding whose sentence stands under this key, with what was seen filled in."""
    return Finding(key.partition("/")[0], table[key].format(**seen))


def codes(table: Table) -> list[str]:
    """The table's codes, each once, in the order of telling."""
    return list(dict.fromkeys(key.partition("/")[0] for key in table))


def table(text: str, shared: Table | None = None) -> Table:
    """A table from a text with an entry ``code: sentence`` for each line that is not indented.

    Where several sentences belong to one code, a slash tells them apart. The code "note" is no
    fault. A code without a sentence has that of the shared table.
    """
    entries = [" ".join(entry.split()) for entry in re.split(r"\n(?=\S)", text.strip())]
    pairs = [entry.partition(": ") for entry in entries]
    return {key: sentence or shared[key] for key, _, sentence in pairs}
