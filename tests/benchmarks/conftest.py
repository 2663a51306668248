"""What a steady timing needs: one thread, and memory that is used again."""

import ctypes

import pytest
import torch

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1  # names of glibc's mallopt
LARGEST = 32 * 2**20  # bytes; glibc takes no higher threshold


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def memory_used_again():
    """Keep freed memory in the process, where the C library can be told to.

    Else large arrays go back to the system and come again page by page: up to two thirds of a gate's time,
    and now one, now the other of two equal formulas pays for it. Afterwards the limits are those that glibc
    itself arrives at once large arrays were freed.
    """
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt"):
        yield
        return
    library.mallopt(MMAP_THRESHOLD, LARGEST)
    library.mallopt(TRIM_THRESHOLD, 2**31 - 1)
    yield
    library.mallopt(TRIM_THRESHOLD, 2 * LARGEST)
    library.malloc_trim(0)
