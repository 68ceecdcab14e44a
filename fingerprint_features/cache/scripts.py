"""What an extractor written in a script or notebook does: there it is edited under one name, time and again."""

import dis
from types import CellType

EDITED = ("__main__", "__mp_main__")  # the second is what a spawned process calls the first
_NOT_VALUES = {"__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__annotations__",
               "__firstlineno__", "__static_attributes__", "__slotnames__"}  # fmt: skip


def code_of(kind, canonical):
    """Return what a class of a script does, as plain JSON values; `canonical` reduces the constants in it."""
    return _code(kind, canonical, set())


def _code(thing, canonical, seen):
    """Return what a class, function or value of the script does, with all of the script it leans on."""
    thing = getattr(thing, "py_func", thing)  # what numba compiles
    if isinstance(thing, type) or hasattr(thing, "__code__"):
        if thing.__module__ not in EDITED or id(thing) in seen:
            return f"{thing.__module__}.{thing.__qualname__}"
        seen.add(id(thing))
    if isinstance(thing, type):
        # What a class only repeats of its base cloudpickle leaves out: a worker must find the same.
        own = {name: m for name, m in sorted(vars(thing).items()) if m is not getattr(thing.__base__, name, _EMPTY)}
        own = {name: _code(m, canonical, seen) for name, m in own.items() if name not in _NOT_VALUES}
        return [own, [_code(base, canonical, seen) for base in thing.__bases__]]
    if hasattr(thing, "__code__"):
        code = thing.__code__
        used = {name: thing.__globals__[name] for name in sorted(_globals(code)) if name in thing.__globals__}
        cells = [cell.cell_contents for cell in thing.__closure__ or () if cell != _EMPTY]
        parts = [thing.__defaults__ or (), thing.__kwdefaults__ or {}, used, cells, getattr(thing, "__wrapped__", None)]
        return [_instructions(code), *(_code(part, canonical, seen) for part in parts)]
    if isinstance(thing, (staticmethod, classmethod)):
        return _code(thing.__func__, canonical, seen)
    if isinstance(thing, property):
        return [_code(part, canonical, seen) for part in (thing.fget, thing.fset)]
    if isinstance(thing, (list, tuple)):
        return [_code(item, canonical, seen) for item in thing]
    if isinstance(thing, dict):
        return {str(key): _code(item, canonical, seen) for key, item in thing.items()}
    try:
        return canonical(thing)
    except TypeError:  # a module, a compiled function: known by its name
        return getattr(thing, "__name__", type(thing).__qualname__)


_EMPTY = CellType()


def _globals(code):
    names = {step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return names.union(*(_globals(c) for c in code.co_consts if hasattr(c, "co_code")))


def _instructions(code):
    return [code.co_name, code.co_code.hex(), list(code.co_names), [_constant(c) for c in code.co_consts]]


def _constant(value):
    if hasattr(value, "co_code"):
        return _instructions(value)
    if isinstance(value, frozenset):  # whose order is another in each process
        return sorted(map(repr, value))
    return repr(value)
