"""Which cells are run to test a hand-out: those that its checks depend on, and no fewer."""

import pytest
from needed import needed


def chosen(*sources: str) -> list[int]:
    """The cells needed by the last one."""
    return sorted(needed(list(sources), {len(sources) - 1}))


@pytest.mark.parametrize(("maker", "user"), [
    ("a = 1", "a"),
    ("import a", "a.b"),
    ("from x import y as a", "print(a)"),
    ("def a(): pass", "a()"),
    ("class a: pass", "a()"),
    ("for a in range(3): pass", "a"),
    ("if True:\n    a = 1", "a"),
    ("with open('x') as a: pass", "a"),
    ("(b, a), c = x", "a"),
    ("def f():\n    global a\n    a = 1", "a"),
    ("a = 1", "def f(): return a"),
    ("a = 1", "[a for b in range(3)]"),
    ("a = 1", "a += 1"),
    ("a = 1", "b = [0 for a in range(3)]\nprint(a)"),
    ("a = 1", "b = lambda a: 0\nprint(a)"),
    ("a = 1", "for a in a: pass"),
    ("a = 1", "try:\n    a\nexcept ValueError as problem:\n    pass"),
    ("a = 1", "if x:\n    a = 2\na"),
    ("a[0] = 1", "a"),
    ("a.b.c = 1", "a"),
    ("a.eval()", "a"),
    ("%load a", "b"),
    ("from x import *", "a"),
])
def test_a_cell_that_makes_what_is_used_is_needed(maker, user):
    assert chosen(maker, user) == [0, 1]


@pytest.mark.parametrize(("maker", "user"), [
    ("b = 1", "a"),
    ("a = 1", "a = 2\na"),
    ("def f():\n    a = 1", "a"),
    ("a = 1", "def f(a): return a"),
    ("[a for a in range(3)]", "a"),
    ("print(a)", "a"),
    ("try:\n    f()\nexcept ValueError as a:\n    print(a)", "b"),
    ("a = 1", "try:\n    f()\nexcept ValueError as a:\n    print(a)"),
    ("for a in x: pass", "for a in y: print(a)"),
    ("import a", "b"),
])
def test_a_cell_that_makes_nothing_of_use_is_not_needed(maker, user):
    assert chosen(maker, user) == [1]


def test_what_a_needed_cell_needs_is_needed():
    assert chosen("a = 1", "c = 1", "b = a", "b") == [0, 2, 3]


def test_a_function_may_use_what_a_later_cell_makes():
    assert chosen("def f(): return a", "a = 1", "f()") == [0, 1, 2]


def test_a_cell_behind_the_last_one_is_not_needed():
    assert needed(["a = 1", "a", "a = 2"], {1}) == {0, 1}


def test_a_call_in_an_imported_module_changes_nothing():
    assert chosen("import a", "a.check(1)", "a.b") == [0, 2]
