"""Seconds, and joules where the package's RAPL counters can be read."""
import pathlib, time


def microjoules(zone):
    try:
        return int((zone / "energy_uj").read_text())
    except OSError:
        return None


PACKAGES = [zone for zone in sorted(pathlib.Path("/sys/class/powercap").glob("intel-rapl:*"))
            if zone.name.count(":") == 1 and microjoules(zone) is not None]


class Meter:
    """`seconds` and `joules` (None without counters) of its with block."""

    def __enter__(self):
        self.before = [microjoules(zone) for zone in PACKAGES]
        self.start = time.perf_counter()
        return self

    def __exit__(self, *_):
        self.seconds = time.perf_counter() - self.start
        self.joules = None
        if PACKAGES:
            spent = 0
            for zone, before in zip(PACKAGES, self.before):
                after = microjoules(zone)
                wrap = int((zone / "max_energy_range_uj").read_text()) if after < before else 0
                spent += after - before + wrap
            self.joules = spent / 1e6
