"""First use: from several threads at once, beside a fork, and where nothing can be written."""

import os
import sys
import threading

import pytest

from fingerprint_features.lazy import attach
from tests.cache.rows import run_python

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

FILES = {
    # as scikit-learn, whose parts import the whole, which imports its parts
    "whole/__init__.py": "import time; time.sleep(0.3); from . import part",
    "whole/part.py": "import time; time.sleep(0.3)",
    "ours/__init__.py": "",
    "ours/__init__.pyi": "from .one import One as One\nfrom .two import Two as Two\n",
    "ours/one.py": "import whole.part\nOne = 1",
    "ours/two.py": "import whole\nTwo = 2",
}


def test_threads_that_load_public_names_at_once_all_get_them(tmp_path, monkeypatch):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    import ours

    load, *_ = attach("ours", ours.__file__)
    got, errors = {}, []

    def use(name):
        try:
            got[name] = load(name)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=use, args=(name,)) for name in ("One", "Two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for name in [name for name in sys.modules if name.split(".")[0] in ("ours", "whole")]:
        monkeypatch.delitem(sys.modules, name)
    assert errors == []
    assert got == {"One": 1, "Two": 2}


def test_a_module_imported_by_its_full_name_waits_for_nobody_at_the_gate(tmp_path, monkeypatch):
    files = {
        "ours/__init__.py": f"from {attach.__module__} import attach\n"
        "__getattr__, __dir__, __all__ = attach(__name__, __file__)\n",
        "ours/__init__.pyi": "from .one import One as One\nfrom .two import Two as Two\n",
        "ours/one.py": "import time; time.sleep(0.5); from . import Two; One = 1",
        "ours/two.py": "Two = 2",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    printed = run_python(
        """
        import sys, threading, time
        sys.path.insert(0, sys.argv[1])
        import ours
        by_name = threading.Thread(target=__import__, args=("ours.one",), daemon=True)
        by_name.start()
        time.sleep(0.2)
        at_the_gate = threading.Thread(target=getattr, args=(ours, "One"), daemon=True)
        at_the_gate.start()
        by_name.join(20)
        at_the_gate.join(20)
        print(by_name.is_alive(), at_the_gate.is_alive())
        """,
        tmp_path,
    )
    assert printed == "False False\n"


def test_the_rooms_load_nothing_that_another_thread_may_enter_by_the_side():
    # A package whose __init__ imports its own modules is such a whole.
    printed = run_python(
        """
        import sys
        import fingerprint_features.images, fingerprint_features.extractors.cnn
        print([name for name in sys.modules if name.startswith(("fingerprint_features.images.", "numpy"))])
        """
    )
    assert printed == "[]\n"


FORK = """
import os, sys, threading, time, warnings
import numpy as np
from tests.cache.rows import finish_or_kill
warnings.filterwarnings("ignore", category=DeprecationWarning)  # what Python says of threads and forks
images = np.random.default_rng(0).integers(0, 256, (3, 32, 32), dtype=np.uint8)
busy = threading.Event()
{before}
thread = threading.Thread(target=work)
thread.start()
assert busy.wait(60)
if (pid := os.fork()) == 0:
    assert in_child() is not None
    os._exit(0)
print(finish_or_kill(pid, seconds=60))
thread.join()
"""

COMPILING = """
from numba.core.compiler_lock import global_compiler_lock
from fingerprint_features import PHash

def work():
    with global_compiler_lock:
        busy.set()
        time.sleep(0.5)

def in_child():
    assert global_compiler_lock._lock.acquire(timeout=5)
    return PHash().fit_transform(images)
"""

PREPARING = """
from fingerprint_features import SSIM
from fingerprint_features.extractors import ssim

class Slow(ssim.SSIMPool):
    def __init__(self, *arguments, **options):
        busy.set()
        time.sleep(0.5)
        super().__init__(*arguments, **options)

SSIM(images).transform(images)  # compiled, and so quick in the child
ssim.SSIMPool = Slow

def work():
    SSIM(images[:2]).transform(images)

def in_child():
    assert ssim._lock.acquire(timeout=5)
    ssim._lock.release()
    return SSIM(images[:1]).transform(images)
"""


@needs_fork
@pytest.mark.parametrize("before", [COMPILING, PREPARING], ids=["compiling", "preparing"])
def test_a_process_forked_beside_a_busy_thread_works(before):
    assert run_python(FORK.format(before=before)) == "0\n"


def test_without_any_folder_to_write_into_kernels_are_compiled_each_time(monkeypatch):
    # numba's words and error where neither the package nor the home can be written
    monkeypatch.setenv("NUMBA_CACHE_LOCATOR_CLASSES", "UserProvidedCacheLocator")
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    printed = run_python(
        """
        import numpy as np
        from fingerprint_features import PHash
        print(PHash().fit_transform(np.eye(32, dtype=np.uint8)[None]).shape)
        """
    )
    assert printed == "(1, 256)\n"
