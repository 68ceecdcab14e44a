"""The content of a Python object as plain JSON values: functions by their code, objects by their state.

It is for objects without a version number: extractors of a notebook, and networks. What is installed is identified by
its name; everything else by the constants, arrays and instructions that it is made of. What cannot be identified is
refused.
"""

import copyreg
import dis
import functools
import hashlib
import importlib
import json
import os
import sys
import sysconfig
import types
from collections.abc import Callable
from typing import Any

import numpy as np

EDITED = ("__main__", "__mp_main__")  # the second is what a spawned process calls the first
_NOT_VALUES = {"__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__annotations__", "_abc_impl",
               "__firstlineno__", "__static_attributes__", "__slotnames__", "__annotate_func__"}  # fmt: skip
_INSTALLED = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
_SLOTS = (types.MemberDescriptorType, types.GetSetDescriptorType, types.WrapperDescriptorType,
          types.MethodDescriptorType, types.ClassMethodDescriptorType, types.MethodWrapperType)  # fmt: skip
_EMPTY = types.CellType()
_HIDING = {"eval", "exec", "globals", "__import__"}  # functions that reach what no instruction names
_OURS = __name__.partition(".")[0]

# What a torch.nn.Module holds that never changes what its forward gives, in evaluation mode.
_NOT_FORWARD = {"training", "_backward_hooks", "_backward_pre_hooks", "_is_full_backward_hook", "_state_dict_hooks",
                "_state_dict_pre_hooks", "_load_state_dict_pre_hooks", "_load_state_dict_post_hooks"}  # fmt: skip
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_forward_hooks_with_kwargs", "_forward_pre_hooks_with_kwargs",
          "_forward_hooks_always_called")  # fmt: skip


def content_digest(thing: Any, describe: Callable[[Any], Any]) -> str:
    """Return the digest of the content and code of an object: the same in every process.

    Parameters
    ----------
    thing : object
        A class, a function, a network, or any object that could be pickled.
    describe : callable
        Returns plain JSON values for an extractor.

    Returns
    -------
    str of 64 hex digits

    Raises
    ------
    TypeError
        Naming what cannot be identified.
    """
    return _digest(json.dumps(_Content(describe).of(thing, expand=True), sort_keys=True).encode())


class Unidentified(TypeError):
    """An object has no identity that is the same in every process, so its rows cannot be cached."""


class _Content:
    def __init__(self, describe: Callable[[Any], Any]) -> None:
        self.describe = describe
        self.code = {}  # id of each class and function that was met -> (number, itself)
        self.open = []  # other objects in progress, to notice those that hold themselves

    def of(self, thing: Any, expand: bool = False) -> Any:
        """Return plain JSON values; `expand` a class or function even if its name would identify it."""
        if thing is None or type(thing) in (str, bool, int, float, bytes):
            return [type(thing).__name__, repr(thing)]
        if isinstance(thing, types.ModuleType):
            return _module(thing)
        name = None if expand else _known_name(thing)
        if name is not None:
            return {"name": name}
        again = self._again(thing)
        if again is not None:
            return again
        try:
            return {type(thing).__qualname__: self._parts(thing)}
        except (Unidentified, RecursionError):
            raise
        except Exception as error:
            raise Unidentified(
                f"an object of type {type(thing).__name__} has no identity that survives the process ({error}), so "
                "features that depend on it cannot be cached: use plain numbers, strings, arrays and functions there, "
                "or no cache"
            ) from error
        finally:
            if self.open and self.open[-1] is thing:
                self.open.pop()

    def _again(self, thing):
        """Return a reference to an object that has been met before; otherwise remember it."""
        if isinstance(thing, (type, types.FunctionType)):
            if id(thing) in self.code:
                return {"code": self.code[id(thing)][0]}
            self.code[id(thing)] = len(self.code), thing
            return None
        for depth, other in enumerate(self.open):
            if other is thing:
                return {"open": depth}
        self.open.append(thing)
        return None

    def _items(self, things):
        return [self.of(item) for item in things]

    def _pairs(self, mapping):
        return [[self.of(key), self.of(value)] for key, value in mapping.items()]

    def _parts(self, thing):
        if isinstance(thing, type):
            return self._class(thing)
        if isinstance(thing, types.FunctionType):
            return self._function(thing)
        if isinstance(thing, types.MethodType):
            return self._items([thing.__func__, thing.__self__])
        if isinstance(thing, types.BuiltinMethodType):
            return [thing.__name__, self.of(thing.__self__)]
        if isinstance(thing, (staticmethod, classmethod)):
            return self.of(thing.__func__)
        if isinstance(thing, property):
            return self._items([thing.fget, thing.fset, thing.fdel])
        if isinstance(thing, functools.cached_property):
            return self.of(thing.func)
        if isinstance(thing, (functools.partial, functools.partialmethod)):
            return self._items([thing.func, thing.args, dict(thing.keywords)])
        if isinstance(thing, functools._lru_cache_wrapper):
            return self.of(thing.__wrapped__)
        if isinstance(getattr(thing, "py_func", None), types.FunctionType):  # what numba compiles
            return self._items([thing.py_func, dict(thing.targetoptions)])
        if type(thing) in (list, tuple):
            return self._items(thing)
        if isinstance(thing, (set, frozenset)):
            return sorted(json.dumps(self.of(item), sort_keys=True) for item in thing)
        if type(thing) in (dict, types.MappingProxyType):
            return self._pairs(thing)
        return self._object(thing)

    def _class(self, kind):
        # What a class only repeats of its base cloudpickle leaves out: a worker must find the same.
        own = {name: m for name, m in vars(kind).items() if m is not getattr(kind.__base__, name, _EMPTY)}
        own = {name: m for name, m in sorted(own.items()) if name not in _NOT_VALUES and not isinstance(m, _SLOTS)}
        return [[[name, self.of(member)] for name, member in own.items()], self._items(kind.__bases__)]

    def _function(self, function):
        code = function.__code__
        hidden = sorted(_HIDING & _names(code) - set(function.__globals__))
        if hidden:
            raise TypeError(f"it calls {hidden[0]}, and what that finds does not show")
        used = {name: function.__globals__[name] for name in sorted(_names(code)) if name in function.__globals__}
        cells = [cell.cell_contents for cell in function.__closure__ or () if cell != _EMPTY]
        own = {name: value for name, value in vars(function).items() if name != "__wrapped__"}
        imported = _imported(code, function.__globals__.get("__package__"))
        parts = [function.__defaults__, function.__kwdefaults__, used, cells, own, imported]
        return [_instructions(code), *self._items(parts), self.of(getattr(function, "__wrapped__", None))]

    def _object(self, thing):
        """Return the class of an object and the state that a pickle of it would hold."""
        if hasattr(thing, "_value_state"):
            return self.describe(thing)
        if isinstance(thing, np.ndarray):
            content = (
                self._items(thing.flat) if thing.dtype.hasobject else _digest(np.ascontiguousarray(thing).tobytes())
            )
            own = {} if isinstance(thing, np.memmap) else getattr(thing, "__dict__", {})  # of subclasses, e.g. masks
            return [thing.dtype.str, list(thing.shape), content, self.of(own)]
        if isinstance(thing, np.ufunc):
            raise TypeError("it is made of a function that it does not show")
        torch = sys.modules.get("torch")
        if torch is not None and isinstance(thing, torch.Tensor):
            return [str(thing.dtype), list(thing.shape), _tensor_digest(thing), self.of(vars(thing))]
        if torch is not None and isinstance(thing, torch.nn.Module) and not isinstance(thing, torch.jit.ScriptModule):
            return [self.of(type(thing)), self._network(thing)]
        reducer = copyreg.dispatch_table.get(type(thing))
        made = reducer(thing) if reducer else thing.__reduce_ex__(4)
        if isinstance(made, str):
            raise TypeError("it is known by a name only")
        how, arguments, state, items, pairs = (*made, None, None, None)[:5]
        if isinstance(state, dict):
            state = dict(sorted(state.items(), key=lambda item: str(item[0])))
        return [*self._items([how, arguments, state]), self._items(items or ()), self._items(pairs or ())]

    def _network(self, net):
        state = {name: value for name, value in net.__dict__.items() if name not in _NOT_FORWARD and name not in _HOOKS}
        state = {key: value for key, value in sorted(state.items()) if key not in ("_parameters", "_buffers")}
        tensors = {**net._parameters, **net._buffers}
        hooks = []
        for kind in _HOOKS[:2]:  # their keys are numbers that this process counts
            for key, hook in getattr(net, kind).items():
                flags = [key in getattr(net, name, ()) for name in _HOOKS[2:] if name.startswith(kind)]
                hooks.append([kind, self.of(hook), flags])
        return [self._pairs(state), self._pairs(dict(sorted(tensors.items()))), hooks]


def _known_name(thing):
    """Return the name that identifies what is installed, or None."""
    if isinstance(thing, _SLOTS):
        return f"{thing.__objclass__.__name__}.{thing.__name__}"
    if isinstance(thing, np.ufunc):
        rooms = [np, *filter(None, [sys.modules.get("scipy.special")])]
        return next((f"{r.__name__}.{thing.__name__}" for r in rooms if getattr(r, thing.__name__, 0) is thing), None)
    if isinstance(thing, types.BuiltinFunctionType) and not isinstance(thing.__self__, (types.ModuleType, type(None))):
        return None
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module in EDITED:
        return None
    found = sys.modules.get(module)
    if found is None or not _is_installed(found):
        return None
    for part in name.split("."):
        found = getattr(found, part, None)
    return f"{module}.{name}" if found is thing else None


def _is_installed(module):
    file = getattr(module, "__file__", None)
    return file is None or module.__name__.partition(".")[0] == _OURS or os.path.abspath(file).startswith(_INSTALLED)


def _module(module):
    """Return the name of a module, and of one that is edited where it lies the content of its file too."""
    if module.__name__ in EDITED or _is_installed(module):
        return {"module": module.__name__}
    with open(module.__file__, "rb") as file:
        return {"module": module.__name__, "file": _digest(file.read())}


def _tensor_digest(tensor):
    import torch

    plain = tensor.detach().cpu()
    if plain.layout is not torch.strided or plain.is_quantized:
        raise TypeError(f"a tensor of layout {plain.layout} cannot be identified")
    return _digest(plain.resolve_conj().resolve_neg().contiguous().view(-1).view(torch.uint8).numpy())


def _digest(content):
    return hashlib.blake2b(content, digest_size=32).hexdigest()


def _names(code):
    names = {step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return names.union(*(_names(c) for c in code.co_consts if isinstance(c, types.CodeType)))


def _imported(code, package):
    """Return what code imports when it runs; the name alone of what is not there."""
    found = {}
    steps = [step for step in dis.get_instructions(code) if step.opname != "EXTENDED_ARG"]
    for level, _, step in zip(steps, steps[1:], steps[2:], strict=False):
        if step.opname == "IMPORT_NAME":
            name = f"{'.' * level.argval}{step.argval}"
            try:
                found[name] = importlib.import_module(name, package)
            except ImportError:
                found[name] = None
    for inner in (c for c in code.co_consts if isinstance(c, types.CodeType)):
        found |= _imported(inner, package)
    return found


def _instructions(code):
    counts = [code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags]
    exceptions = getattr(code, "co_exceptiontable", b"")
    names = [list(code.co_names), list(code.co_freevars)]
    return [code.co_name, counts, code.co_code.hex(), exceptions.hex(), names, _constant(code.co_consts)]


def _constant(value):
    if isinstance(value, types.CodeType):
        return _instructions(value)
    if isinstance(value, tuple):
        return [_constant(item) for item in value]
    if isinstance(value, frozenset):  # whose order is another in each process
        return sorted(map(repr, value))
    return repr(value)
