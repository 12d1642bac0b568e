"""Which cells must run so that some others can: found from the names that cells make and use.

For the tests of hand-outs, which run no more than they need to.
"""

import ast
import re
import symtable
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

IDENTIFIER = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True)
class Names:
    """Global names of one cell.

    Attributes:
        made: assigned, defined or imported.
        imported: among them.
        changed: changed in place, such as a list that is appended to.
        used: read from outside while the cell runs.
        used_later: read when one of the cell's functions is called.
        readable: False for a cell that is no plain Python (``%magic``), which may do anything.
    """

    made: set[str] = field(default_factory=set)
    imported: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    used_later: set[str] = field(default_factory=set)
    readable: bool = True


def needed(sources: list[str], always: set[int]) -> set[int]:
    """Places of the cells to execute.

    Args:
        sources: the code cells' texts, in order.
        always: places of cells that are to be executed anyway.

    Returns:
        ``always``, and every cell before the last of these that makes a name which a later
        chosen cell, or a chosen cell's function, uses.
    """
    names = [names_of(source) for source in sources]
    # torch.testing.assert_close(…) changes no torch.
    modules = set().union(*(cell.imported for cell in names))
    makes = [cell.made | cell.changed - modules for cell in names]
    end = max(always, default=0)
    chosen = always | {place for place in range(end) if not names[place].readable}
    while True:
        later = set().union(*(names[place].used_later for place in chosen))
        more = {place for place in set(range(end)) - chosen
                if makes[place] & later
                or any(makes[place] & names[user].used for user in chosen if user > place)}
        if not more:
            return chosen
        chosen |= more


def names_of(source: str) -> Names:
    """The global names that a cell makes and uses."""
    try:
        tree = ast.parse(source)
        table = symtable.symtable(source, "cell", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # too deep for the parser
        return unreadable(source)
    if any(isinstance(node, ast.alias) and node.name == "*" for node in ast.walk(tree)):
        return unreadable(source)
    found = Names(changed=set(changed_in_place(tree)))
    for scope in scopes(table):
        for symbol in scope.get_symbols():
            name = symbol.get_name()
            if scope is not table and not symbol.is_global():
                continue
            if symbol.is_assigned() or symbol.is_imported():
                found.made.add(name)
            if symbol.is_imported():
                found.imported.add(name)
            if symbol.is_referenced():
                (found.used if scope is table else found.used_later).add(name)
    # "a += 1" reads a, which symtable does not count.
    found.used.update(node.target.id for node in ast.walk(tree) if isinstance(node, ast.AugAssign)
                      and isinstance(node.target, ast.Name) and node.target.id in found.made)
    own = {name for name in found.used if makes_first(tree, name)}
    return replace(found, used=found.used - own, used_later=found.used_later - own)


def unreadable(source: str) -> Names:
    """A cell of which only the words are known."""
    words = set(IDENTIFIER.findall(source))
    return Names(used=words, used_later=words, readable=False)


def makes_first(tree: ast.Module, name: str) -> bool:
    """Does a cell make a name itself before it reads it?"""
    for statement in tree.body:
        nodes = list(ast.walk(statement))
        inner = {id(n) for comprehension in nodes if isinstance(comprehension, ast.comprehension)
                 for n in ast.walk(comprehension.target)}
        own = [n for n in nodes if isinstance(n, ast.Name) and n.id == name and id(n) not in inner]
        reads = any(isinstance(n.ctx, ast.Load) for n in own)
        if any(isinstance(n, ast.ExceptHandler) and n.name == name for n in nodes):
            return True
        if isinstance(statement, ast.For | ast.With) and not reads_in_head(statement, name):
            heads = [statement.target] if isinstance(statement, ast.For) else [
                item.optional_vars for item in statement.items if item.optional_vars]
            if any(isinstance(n, ast.Name) and n.id == name
                   for head in heads for n in ast.walk(head)):
                return True
        if reads:
            return False
        if own:
            return isinstance(statement, ast.Assign | ast.AnnAssign)
    return False


def reads_in_head(statement: ast.For | ast.With, name: str) -> bool:
    """Is a name read before the body of a loop or block begins?"""
    heads = [statement.iter] if isinstance(statement, ast.For) else [
        item.context_expr for item in statement.items]
    return any(isinstance(n, ast.Name) and n.id == name for head in heads for n in ast.walk(head))


def scopes(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    """A scope and all scopes in it."""
    yield table
    for child in table.get_children():
        yield from scopes(child)


def changed_in_place(tree: ast.AST) -> Iterator[str]:
    """Names whose object a cell changes: ``a[0] = 1``, ``a.b = 1``, ``a.eval()``."""
    for node in ast.walk(tree):
        changed: list[ast.expr] = []
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            changed = [node]
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            changed = [node.value.func]
        for expression in changed:
            inner = expression
            while isinstance(inner, ast.Subscript | ast.Attribute):
                inner = inner.value
            if isinstance(inner, ast.Name) and inner is not expression:
                yield inner.id
