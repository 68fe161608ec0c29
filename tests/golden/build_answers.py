"""What a program answers to a command - exit status, both outputs, files - and where two answers differ."""
import csv, dataclasses, hashlib, json, pathlib, re, subprocess

# What a run measures of itself; it never comes out the same twice.
MEASURED_KEYS = {"seconds", "samples_per_second", "images_per_second", "peak_memory_bytes", "bytes_per_slot", "dense_from",
                 "dense_share"}
MEASURED_TEXT = re.compile(r"[\d.]+ images/s \([\d.]+ s\)|peak memory [\d.]+ .iB|synapses: [\d.]+ of|[\d.]+ .iB a slot|"
                           r"dense from a density of [\d.]+( to [\d.]+)?")


@dataclasses.dataclass
class Answer:
    status: int
    out: str
    err: str
    files: dict  # of those written: {path: bytes}
    masks: dict  # bytes that a version determines -> as many that say what they are


class Side:
    """One program, at work in a folder of its own. `masked`: what follows from its version is to be left out."""

    def __init__(self, program, folder):
        self.program, self.folder, self.masked = pathlib.Path(program).resolve(), folder, False
        self.masks = {}
        folder.mkdir()
        said = subprocess.run([self.program, "--version"], capture_output=True, text=True, check=True).stdout
        self.version = said.split()[-1]

    def mask_versions(self, versions):
        self.masked = True
        self.masks = {version.encode(): b"V" * len(version) for version in versions}

    def _state(self):
        stats = {path: path.stat() for path in self.folder.rglob("*") if path.is_file()}
        return {path: (stat.st_mtime_ns, stat.st_ino, stat.st_size) for path, stat in stats.items()}

    def run(self, words):
        before = self._state()
        done = subprocess.run([self.program, *words], cwd=self.folder, capture_output=True, text=True, check=False)
        written = [path for path, state in self._state().items() if before.get(path) != state]
        files = {str(path.relative_to(self.folder)): path.read_bytes() for path in written}
        if self.masked:
            self._learn(files)
        return Answer(done.returncode, done.stdout, done.stderr, files, dict(self.masks))

    def _learn(self, files):
        """A version is in the files, so in their hashes, and in a sweep's keys: hashes of what determines a cell."""
        for path, content in files.items():
            for number, key in enumerate(sweep_keys(content) if path.endswith("manifest.json") else ()):
                self.masks.setdefault(key.encode(), f"cell {number} ".ljust(len(key), "*").encode())
        for path, content in files.items():
            label = hashlib.sha256(masked(path.encode(), self.masks)).hexdigest()
            self.masks.setdefault(hashlib.sha256(content).hexdigest().encode(), label.encode())


def sweep_keys(manifest):
    cells = json.loads(manifest).get("cells", [])
    return [pathlib.Path(cell["recording"]).stem for cell in cells if "recording" in cell]


def masked(content, masks):
    if masks and content[:8] == b"RHEOBASE":
        content = content[:24] + bytes(64) + content[88:]  # the seal's SHA-256
    for old, new in masks.items():
        content = content.replace(old, new)
    return content


def without_measured(value):
    """And without the neurons that `info` counts in a network with binary layers, which builds up to ce5e017 overstate."""
    unsaid = MEASURED_KEYS
    if isinstance(value, dict):
        nodes = value.get("nodes", [value])
        if any(isinstance(node, dict) and str(node.get("op")).startswith("Binary") for node in nodes):
            unsaid = unsaid | {"neurons"}
        return {key: without_measured(part) for key, part in value.items() if key not in unsaid}
    return [without_measured(part) for part in value] if isinstance(value, list) else value


def json_difference(old, new, path=""):
    """Where two JSON values differ first, and how."""
    if isinstance(old, dict) and isinstance(new, dict) and list(old) == list(new):
        found = (json_difference(old[key], new[key], f"{path}.{key}") for key in old)
        return next(filter(None, found), "")
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        found = (json_difference(a, b, f"{path}[{i}]") for i, (a, b) in enumerate(zip(old, new)))
        return next(filter(None, found), "")
    if isinstance(old, dict) and isinstance(new, dict):
        return f"{path or 'top'}: keys {list(old)}, then {list(new)}"
    # True == 1 and 1 == 1.0 in Python, but not in a file.
    same = type(old) is type(new) and (old == new or old != old and new != new)
    return "" if same else f"{path or 'top'}: {old!r:.60}, then {new!r:.60}"


def text_difference(old, new):
    old, new = (MEASURED_TEXT.sub("(measured)", text).splitlines() for text in (old, new))
    for number, (a, b) in enumerate(zip(old, new), 1):
        if a != b:
            at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
            begin = max(0, at - 20)
            return f"line {number}: {a[begin:at + 40]!r}, then {b[begin:at + 40]!r}"
    return "" if len(old) == len(new) else f"{len(old)} lines, then {len(new)}"


def parsed(text):
    try:
        return json.loads(text)
    except ValueError:
        return None


def output_difference(old, new):
    """Of texts or JSON."""
    jsons = parsed(old), parsed(new)
    if isinstance(jsons[0], dict) and isinstance(jsons[1], dict):
        return json_difference(*map(without_measured, jsons))
    return text_difference(old, new)


def table_without_measured(text):
    rows = list(csv.DictReader(text.splitlines()))
    return "\n".join(",".join(f"{key}={value}" for key, value in row.items() if key not in MEASURED_KEYS) for row in rows)


def file_difference(path, old, new):
    if old == new:
        return ""
    suffix = pathlib.Path(path).suffix
    if suffix == ".json":
        return output_difference(old.decode(), new.decode())
    if suffix == ".csv":
        return text_difference(table_without_measured(old.decode()), table_without_measured(new.decode()))
    if len(old) != len(new):
        return f"{len(old)} bytes, then {len(new)}"
    at = next(i for i, (a, b) in enumerate(zip(old, new)) if a != b)
    return f"byte {at} of {len(old)}: {old[at:at + 8].hex()}, then {new[at:at + 8].hex()}"


def difference(old, new):
    """Where two answers differ first; nothing if they do not."""
    if old.status != new.status:
        return f"exit status {old.status}, then {new.status}: {(new.err or old.err).strip()}"
    for name in ("out", "err"):
        texts = [masked(getattr(side, name).encode(), side.masks).decode() for side in (old, new)]
        found = output_difference(*texts)
        if found:
            return f"standard {'output' if name == 'out' else 'error'}: {found}"
    files = [{masked(path.encode(), side.masks).decode(): masked(content, side.masks)
              for path, content in side.files.items()} for side in (old, new)]
    if files[0].keys() != files[1].keys():
        return f"files written: {sorted(files[0])}, then {sorted(files[1])}"
    for path in sorted(files[0]):
        found = file_difference(path, files[0][path], files[1][path])
        if found:
            return f"{path}: {found}"
    return ""


def summary(answer):
    """What is worth a look of answers that are alike."""
    told = parsed(answer.out)
    parts = []
    if answer.status:
        parts.append(f"exit status {answer.status}: {answer.err.strip().splitlines()[0] if answer.err else ''}")
    if isinstance(told, dict) and "spike_hash" in told:
        parts.append(f"{told['samples']} images, accuracy {told['accuracy']:.4f}, mean steps {told['mean_steps']:.2f}, "
                     f"spike hash {told['spike_hash']}")
    if answer.files:
        parts.append(f"{len(answer.files)} file{'s' if len(answer.files) > 1 else ''}, "
                     f"{sum(map(len, answer.files.values()))} bytes")
    return "; ".join(parts)
