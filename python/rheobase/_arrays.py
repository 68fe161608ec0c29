"""Types of arrays, without a library of arrays."""

from typing import Any, Protocol


class Array(Protocol):
    """Numbers in memory that others may read: NumPy arrays, CPU tensors of PyTorch, whatever speaks DLPack."""

    def __dlpack__(self) -> Any: ...

    def __dlpack_device__(self) -> tuple[Any, Any]: ...
