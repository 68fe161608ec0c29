#!/usr/bin/env python3
"""Nothing large goes into the repository: models and data sets live elsewhere."""

import sources

LIMIT = 1 << 20

if __name__ == "__main__":
    sizes = [(path, path.stat().st_size) for path in sources.tracked()]
    sources.finish("large_files", [f"{p}: {size} bytes, the limit is {LIMIT}" for p, size in sizes if size > LIMIT])
