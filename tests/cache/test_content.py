"""Identity of code: every kind of edit to an extractor of a notebook changes its token, or it is refused."""

import importlib
import sys
import threading

import numpy as np
import pytest

from fingerprint_features import LBP, BaseExtractor
from fingerprint_features.cache import describe, extractor_token
from fingerprint_features.cache.content import content_digest
from tests.cache.rows import run_python

CLASS = "class Cell(BaseExtractor):\n    def _extract_one(self, image):\n        return [{}]\n"


def cell(source):
    """Return the extractor that a cell of a notebook defines."""
    space = {"BaseExtractor": BaseExtractor, "__name__": "__main__"}
    exec(source, space)
    return space["Cell"]()


EDITS = {  # a cell in which 3 becomes 4
    "constant": CLASS.format("3"),
    "global": "k = 3\n" + CLASS.format("k"),
    "float": "k = 3.0\n" + CLASS.format("k"),
    "list": "k = [1, [3]]\n" + CLASS.format("k"),
    "dict": "k = {'a': {'b': 3}}\n" + CLASS.format("k"),
    "set": "k = {1, 3}\n" + CLASS.format("k"),
    "frozenset in the code": CLASS.format("1 in {1, 3}"),
    "array": "import numpy as np\nk = np.array([1, 3])\n" + CLASS.format("k"),
    "array of objects": "import numpy as np\nk = np.array([1, [3]], dtype=object)\n" + CLASS.format("k"),
    "mask": "import numpy as np\nk = np.ma.array([1, 2, 5], mask=[n == 3 for n in (1, 2, 4)])\n"
    + CLASS.format("k.sum()"),
    "array with an attribute": "import numpy as np\nclass A(np.ndarray):\n    pass\nk = np.ones(2).view(A)\nk.n = 3\n"
    + CLASS.format("k.n"),
    "text with an attribute": "class T(str):\n    pass\nk = T('a')\nk.n = 3\n" + CLASS.format("k.n"),
    "numpy scalar": "import numpy as np\nk = np.half(3)\n" + CLASS.format("k"),
    "complex": "k = 3j\n" + CLASS.format("k"),
    "range": "k = range(3)\n" + CLASS.format("k"),
    "slice": "k = slice(3)\n" + CLASS.format("k"),
    "bytes": "k = b'3'\n" + CLASS.format("k"),
    "path": "from pathlib import Path\nk = Path('3')\n" + CLASS.format("k"),
    "pattern": "import re\nk = re.compile('3')\n" + CLASS.format("k"),
    "pattern flags": "import re\nk = re.compile('x', re.I if 3 == 3 else 0)\n".replace("3 == 3", "3 % 2")
    + CLASS.format("k"),
    "enum": "import enum\nclass E(enum.Enum):\n    A = 3\n" + CLASS.format("E.A"),
    "enum member": "import enum\nclass E(enum.Enum):\n    A = 1\n    B = 2\nk = [E.A, E.B][3 - 3]\n"
    + CLASS.format("k"),
    "dataclass": "from dataclasses import dataclass\n@dataclass\nclass C:\n    n: int = 3\nk = C()\n"
    + CLASS.format("k"),
    "dataclass field": "from dataclasses import dataclass, field\n@dataclass(frozen=True)\nclass C:\n    n: int = 1\n"
    "    m: list = field(default_factory=lambda: [3])\n" + CLASS.format("C().m"),
    "namedtuple": "from collections import namedtuple\nk = namedtuple('C', 'n')(3)\n" + CLASS.format("k"),
    "namespace": "from types import SimpleNamespace\nk = SimpleNamespace(n=3)\n" + CLASS.format("k.n"),
    "object": "class C:\n    def __init__(self):\n        self.n = 3\nk = C()\n" + CLASS.format("k.n"),
    "slots": "class C:\n    __slots__ = ('n',)\nk = C()\nk.n = 3\n" + CLASS.format("k.n"),
    "attribute of a class": "class C:\n    n = 3\n" + CLASS.format("C.n"),
    "ordered dict": "from collections import OrderedDict\nk = OrderedDict(a=3)\n" + CLASS.format("k"),
    "default dict": "from collections import defaultdict\nk = defaultdict(lambda: 3)\n" + CLASS.format("k['a']"),
    "read-only dict": "from types import MappingProxyType\nk = MappingProxyType({'a': 3})\n" + CLASS.format("k"),
    "helper": "def f():\n    return 3\n" + CLASS.format("f()"),
    "helper of a helper": "def g():\n    return 3\ndef f():\n    return g()\n" + CLASS.format("f()"),
    "helpers that call each other": "def g(n):\n    return f(n - 1) if n else 3\ndef f(n):\n    return g(n)\n"
    + CLASS.format("f(2)"),
    "lambda": "f = lambda: 3\n" + CLASS.format("f()"),
    "default": "def f(n=3):\n    return n\n" + CLASS.format("f()"),
    "keyword default": "def f(*, n=3):\n    return n\n" + CLASS.format("f()"),
    "closure": "def make(n):\n    return lambda: n\nf = make(3)\n" + CLASS.format("f()"),
    "attribute of a function": "def f():\n    return f.n\nf.n = 3\n" + CLASS.format("f()"),
    "except": "def f():\n    try:\n        return 1 / 0\n    except ZeroDivisionError:\n        return 3\n"
    + CLASS.format("f()"),
    "generator": "def f():\n    yield 3\n" + CLASS.format("next(f())"),
    "lru_cache": "from functools import lru_cache\n@lru_cache\ndef f():\n    return 3\n" + CLASS.format("f()"),
    "cache": "from functools import cache\n@cache\ndef f():\n    return 3\n" + CLASS.format("f()"),
    "wraps": "from functools import wraps\ndef d(g):\n    @wraps(g)\n    def h():\n        return g()\n    return h\n"
    "@d\ndef f():\n    return 3\n" + CLASS.format("f()"),
    "wrapper": "from functools import wraps\ndef d(g):\n    @wraps(g)\n    def h():\n        return g() * 3\n"
    "    return h\n@d\ndef f():\n    return 1\n" + CLASS.format("f()"),
    "partial": "from functools import partial\nf = partial(max, 3)\n" + CLASS.format("f(1)"),
    "partial keyword": "from functools import partial\nf = partial(int, base=3)\n" + CLASS.format("f('1')"),
    "partial helper": "from functools import partial\ndef g(n):\n    return n * 3\nf = partial(g, 1)\n"
    + CLASS.format("f()"),
    "bound method": "class C:\n    def __init__(self, n):\n        self.n = n\n    def f(self):\n"
    "        return self.n\nf = C(3).f\n" + CLASS.format("f()"),
    "bound method of a list": "f = [3].index\n" + CLASS.format("f(1)"),
    "item getter": "from operator import itemgetter\nf = itemgetter(3)\n" + CLASS.format("f(image)"),
    "callable object": "class C:\n    def __call__(self):\n        return 3\nf = C()\n" + CLASS.format("f()"),
    "vectorize": "import numpy as np\nf = np.vectorize(lambda n: n + 3)\n" + CLASS.format("f(1)"),
    "numba": "import numba\n@numba.njit\ndef f():\n    return 3\n" + CLASS.format("f()"),
    "base": "class B(BaseExtractor):\n    def n(self):\n        return 3\nclass Cell(B):\n    pass\n",
    "mixin": "class M:\n    def n(self):\n        return 3\nclass Cell(M, BaseExtractor):\n    pass\n",
    "attribute": "class Cell(BaseExtractor):\n    n = 3\n",
    "method": "class Cell(BaseExtractor):\n    def n(self):\n        return 3\n",
    "static method": "class Cell(BaseExtractor):\n    @staticmethod\n    def n():\n        return 3\n",
    "class method": "class Cell(BaseExtractor):\n    @classmethod\n    def n(cls):\n        return 3\n",
    "property": "class Cell(BaseExtractor):\n    @property\n    def n(self):\n        return 3\n",
    "cached property": "from functools import cached_property\nclass Cell(BaseExtractor):\n    @cached_property\n"
    "    def n(self):\n        return 3\n",
    "partial method": "from functools import partialmethod\nclass Cell(BaseExtractor):\n    def m(self, n):\n"
    "        return n\n    n = partialmethod(m, 3)\n",
    "descriptor": "class D:\n    def __init__(self, n):\n        self.n = n\n    def __get__(self, o, k=None):\n"
    "        return self.n\nclass Cell(BaseExtractor):\n    n = D(3)\n",
    "inner class": "class Cell(BaseExtractor):\n    class Config:\n        n = 3\n",
    "super": "class B(BaseExtractor):\n    def n(self):\n        return 3\nclass Cell(B):\n    def n(self):\n"
    "        return super().n()\n",
    "extractor": "from fingerprint_features import LBP\nk = LBP(radius=3)\n" + CLASS.format("k"),
    "model": "import numpy as np\nfrom sklearn.linear_model import Ridge\n"
    "k = Ridge().fit(np.eye(2), [1, 3])\n" + CLASS.format("k.predict(image)"),
    "forest": "import numpy as np\nfrom sklearn.tree import DecisionTreeClassifier\n"
    "k = DecisionTreeClassifier().fit(np.arange(4)[:, None], [1, 3, 4, 4])\n" + CLASS.format("k.predict(image)"),
    "installed function": "from math import sin as f\nimport math\nf = [math.sin, math.cos][3 - 3]\n"
    + CLASS.format("f(1)"),
    "numpy function": "import numpy as np\nf = [np.mean, np.max][3 - 3]\n" + CLASS.format("f(image)"),
    "ufunc": "import numpy as np\nf = [np.sqrt, np.exp][3 - 3]\n" + CLASS.format("f(image)"),
    "module": "import numpy, math\nf = [numpy, math][3 - 3]\n" + CLASS.format("f.pi"),
}


@pytest.mark.parametrize("kind", EDITS)
def test_an_edit_of_a_notebook_changes_the_token(kind):
    source = EDITS[kind]
    edited = source.replace("- 3]", "- 2]") if "- 3]" in source else source.replace("3", "4")
    assert extractor_token(cell(source)) == extractor_token(cell("# a comment\n\n" + source))
    assert extractor_token(cell(source)) != extractor_token(cell(edited))


REFUSED = {
    "lock": "import threading\nk = threading.Lock()\n",
    "open file": "import os\nk = open(os.devnull)\n",
    "generator": "k = (n for n in [1])\n",
    "local state": "import threading\nk = threading.local()\n",
    "ufunc of a function": "import numpy as np\nk = np.frompyfunc(lambda n: n + 3, 1, 1)\n",
    "OpenCV object": "import cv2\nk = cv2.createCLAHE()\n",
    "what eval finds": "k = lambda: eval('1')\n",
    "what globals finds": "k = lambda: globals()['n']\n",
    "name": "class N:\n    def __reduce__(self):\n        return 'k'\nk = N()\n",
    "memory": "k = memoryview(b'abc')\n",
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_identified_is_refused(kind):
    extractor = cell(REFUSED[kind] + CLASS.format("k"))
    with pytest.raises(TypeError, match=r"has no identity that survives the process .* cannot be cached"):
        extractor_token(extractor)
    if kind == "open file":
        type(extractor)._extract_one.__globals__["k"].close()


def test_classes_made_in_a_function_are_told_apart():
    def make(n, helper=None):
        class Local(BaseExtractor):
            def _extract_one(self, image):
                return [n, helper]

        return Local()

    assert extractor_token(make(1)) == extractor_token(make(1))
    tokens = [make(1), make(2), make(1, np.mean), make(1, np.max), make(1, lambda: 1), make(1, lambda: 2)]
    assert len({extractor_token(extractor) for extractor in tokens}) == len(tokens)
    with pytest.raises(TypeError, match="cannot be cached"):
        extractor_token(make(1, threading.Lock()))


def test_a_helper_module_that_is_not_installed_counts(tmp_path, monkeypatch):
    digests = set()
    for name, text in (("a", "def f():\n    return 3\n"), ("b", "def f():\n    return 4\n")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "helper_of_mine.py").write_text(text)
        code = """
            import sys
            sys.path.insert(0, sys.argv[1])
            from fingerprint_features import BaseExtractor
            from fingerprint_features.cache import extractor_token
            import helper_of_mine
            from helper_of_mine import f

            class ByName(BaseExtractor):
                def _extract_one(self, image):
                    return [f()]

            class ByModule(BaseExtractor):
                def _extract_one(self, image):
                    return [helper_of_mine.f()]

            print(extractor_token(ByName()).hex(), extractor_token(ByModule()).hex())
        """
        digests.update(run_python(code, folder).split())
    assert len(digests) == 4


@pytest.mark.parametrize("body", ["import here_only as m\n    return m.n", "from here_only import n\n    return n"])
def test_a_module_that_a_function_imports_when_it_runs_counts(tmp_path, monkeypatch, body):
    monkeypatch.syspath_prepend(tmp_path)
    source = f"def f():\n    {body}\n" + CLASS.format("f()")
    tokens = set()
    for n in (3, 4):
        (tmp_path / "here_only.py").write_text(f"n = {n}")
        tokens.add(extractor_token(cell(source)))
        del sys.modules["here_only"]
    assert len(tokens) == 2
    (tmp_path / "here_only.py").unlink()
    importlib.invalidate_caches()
    assert extractor_token(cell(source)) not in tokens  # a module may be optional


def test_what_holds_itself_is_followed_once():
    def digest(last):
        ring = [1]
        ring.append([ring, last])
        return content_digest(ring, describe)

    assert digest(2) == digest(2) != digest(3)


def test_equal_values_are_one_whether_shared_or_not():
    inner = [1, 2]
    assert content_digest([inner, inner], describe) == content_digest([[1, 2], [1, 2]], describe)


def test_an_array_is_the_list_of_its_numbers():
    class Free(BaseExtractor):
        def __init__(self, value=None):
            self.value = value

    for one in ((1, 2), (1.5, 2.0), (True, False), ((1, 2), (3, 4))):
        tokens = {extractor_token(Free(form)) for form in (one, list(one), np.array(one))}
        assert len(tokens) == 1
    assert extractor_token(Free(np.array(3))) == extractor_token(Free(3))
    assert extractor_token(Free(np.array([1, 2], dtype=np.uint8))) != extractor_token(Free([1, 2]))
    assert extractor_token(Free(LBP(radius=np.array([1, 2])))) == extractor_token(Free(LBP(radius=[1, 2])))
