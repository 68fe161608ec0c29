#!/usr/bin/env python3
"""The page of a sweep in a browser: every chart is drawn, what is clicked does what it says, nothing is complained of.

usage: browser_test.py RHEOBASE [SCREENSHOTS]      run from the root of the checkout; needs Debian's chromium,
                                                   chromium-driver and python3-selenium, else it is skipped
"""
import base64, contextlib, json, pathlib, shutil, subprocess, sys, tempfile

SKIPPED = 77
try:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
except ImportError:
    print("SKIPPED: no selenium (Debian: python3-selenium)")
    sys.exit(SKIPPED)
if not (shutil.which("chromium") and shutil.which("chromedriver")):
    print("SKIPPED: no browser (Debian: chromium, chromium-driver)")
    sys.exit(SKIPPED)

PROGRAM = sys.argv[1]
SCREENSHOTS = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
MODEL = "experiments/models/fashion-mnist-cnn-qcfs-L4.onnx"
CHARTS = ["overview", "accuracy", "exits", "deadlines", "firing-rate", "operations", "reliability", "raster",
          "errors"]
SPEC = """
models = "{model}"
data = ["fashion-mnist", "mnist:{missing}"]
limit = 300
normalize = "fashion-mnist"
arithmetic = ["float32", "fixed"]
steps = [4, 8]
[[policy]]
name = "margin"
[[policy]]
name = "confidence"
alpha = [1, 4]
by_step = true
"""


def sweep(folder):
    spec = folder / "spec.toml"
    # The cells of data that is not there fail; the page says so of them.
    spec.write_text(SPEC.format(model=MODEL, missing=folder / "missing"))
    out = folder / "out"
    done = subprocess.run([PROGRAM, "sweep", spec, "--out", out], capture_output=True, text=True)
    assert done.returncode == 1 and "2 of 4 cells failed" in done.stderr, (done.returncode, done.stderr)
    return out


@contextlib.contextmanager
def browser(dark):
    options = Options()
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 "--window-size=1300,2700", "--force-device-scale-factor=1"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
    try:
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [theme]})
        yield driver
    finally:
        driver.quit()


# How many colours of ink a chart has, and how many of its pixels.
INK = """
const canvas = document.querySelector(`#${CSS.escape(arguments[0])} canvas`);
if (!canvas) return null;
const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", {willReadFrequently: true});
copy.drawImage(canvas, 0, 0);
const pixels = copy.getImageData(0, 0, canvas.width, canvas.height).data;
const colours = new Set();
let inked = 0;
for (let i = 0; i < pixels.length; i += 4) {
  if (pixels[i + 3] < 128) continue;
  ++inked;
  colours.add(pixels[i] << 16 | pixels[i + 1] << 8 | pixels[i + 2]);
}
return [inked, colours.size];
"""


def expect_drawn(driver, chart):
    ink = driver.execute_script(INK, chart)
    assert ink is not None, f"{chart} has no canvas"
    assert ink[0] > 2000 and ink[1] > 3, f"{chart} is blank: {ink}"


def texts(driver, selector):
    return [found.text for found in driver.find_elements(By.CSS_SELECTOR, selector)]


def series(driver, chart):
    return driver.execute_script("return charts.get(arguments[0])?.data.datasets.filter(d => !d.isBand)"
                                 ".map(d => d.label)", chart)


def choose(driver, control, value):
    driver.execute_script("const c = document.getElementById(arguments[0]); c.value = arguments[1];"
                          "c.dispatchEvent(new Event(c.tagName === 'SELECT' ? 'change' : 'input'))", control, value)


def shoot(driver, name):
    if SCREENSHOTS:
        driver.save_screenshot(str(SCREENSHOTS / name))


def check_charts(driver):
    for chart in CHARTS:
        expect_drawn(driver, chart)
    expected = ["fixed time", "margin, alpha 1", "confidence by step, alpha 1", "confidence by step, alpha 4",
                "oracle first_correct", "oracle stays_correct"]
    assert series(driver, "accuracy") == expected, series(driver, "accuracy")


def check_table(driver, out):
    rows = (out / "results.csv").read_text().count("\n") - 1
    cells = 2 * 2  # arithmetics by budgets
    shown = len(driver.find_elements(By.CSS_SELECTOR, "#points tbody tr"))
    assert 0 < shown < rows / cells * 2, (shown, rows)
    heads = driver.find_elements(By.CSS_SELECTOR, "#points th button")
    for _ in range(2):  # ascending, then descending
        driver.execute_script("document.querySelectorAll('#points th button')[5].click()")
        steps = [float(text) for text in texts(driver, "#points tbody td:nth-child(6)")]
        sort = driver.execute_script("return document.querySelectorAll('#points th')[5].getAttribute('aria-sort')")
        assert steps == sorted(steps, reverse=sort == "descending"), (sort, steps)
    assert sort == "descending" and len(heads) == 12
    driver.find_element(By.ID, "copy").click()
    driver.implicitly_wait(2)
    assert driver.find_element(By.ID, "copied").text == f"{shown} rows copied"


def check_choices(driver):
    before = series(driver, "exits")
    row = driver.execute_script("const chosen = chosenRules();"
                                "return budget().points.findIndex((p, row) => isRule(p) && !chosen.includes(row))")
    driver.execute_script("document.querySelector(`#points tbody tr[data-row='${arguments[0]}']`).click()", row)
    added = [name for name in series(driver, "exits") if name not in before]
    assert len(added) == 1 and added[0].startswith("selected: "), (before, added)
    choose(driver, "loss", "100")  # every series may lose all: its first point
    assert len(series(driver, "exits")) >= 3
    driver.execute_script("toggleSeries(null, {datasetIndex: 0}, {chart: charts.get('accuracy')})")
    driver.find_element(By.ID, "whole").click()
    shown = driver.execute_script("const c = charts.get('accuracy'); return [0, 1, 2, 3].map(i => c.isDatasetVisible(i))")
    assert shown == [False, False, False, True], shown  # a line and its band stay off
    driver.execute_script("toggleSeries(null, {datasetIndex: 0}, {chart: charts.get('accuracy')})")
    driver.find_element(By.ID, "whole").click()
    choose(driver, "budget", "0")
    assert driver.execute_script("return charts.get('deadlines').data.datasets[0].data.length") == 4
    choose(driver, "cell", "2")
    facts = driver.find_element(By.ID, "facts").text
    assert "failed" in facts and "missing" in facts, facts
    for hidden in ("accuracy", "loss", "copy", "points", "summary"):
        assert not driver.find_element(By.ID, hidden).is_displayed(), hidden
    choose(driver, "cell", "1")
    check_charts(driver)
    assert "fixed" in driver.find_element(By.ID, "facts").text


def check_print(driver):
    # Dark pages print on white, with their charts.
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    wide = driver.execute_script("return [...document.querySelectorAll('#points, #summary, canvas')]"
                                 ".filter(e => e.getBoundingClientRect().right > innerWidth).map(e => e.id)")
    assert not wide, wide
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    pdf = base64.b64decode(driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"])
    assert pdf.startswith(b"%PDF") and len(pdf) > 50_000, len(pdf)
    if SCREENSHOTS:
        (SCREENSHOTS / "printed.pdf").write_bytes(pdf)


def check_page(out, dark):
    with browser(dark) as driver:
        driver.get((out / "report.html").as_uri())
        check_charts(driver)
        shoot(driver, "dark.png" if dark else "light.png")
        ground = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert (ground != "rgb(255, 255, 255)") == dark, ground
        check_table(driver, out)
        check_choices(driver)
        check_print(driver)
        complaints = driver.get_log("browser")
        assert not complaints, json.dumps(complaints, indent=1)


def check_nothing_within_the_loss(folder):
    """Every rule loses more than is allowed at first; then one is chosen by hand."""
    spec, out = folder / "lossy.toml", folder / "lossy"
    spec.write_text(f'models = "{MODEL}"\ndata = "fashion-mnist"\nnormalize = "fashion-mnist"\nsteps = 8\n'
                    'limit = 300\n[[policy]]\nname = "confidence"\nthreshold = [0.1, 0.2]\n')
    subprocess.run([PROGRAM, "sweep", spec, "--out", out, "--quiet"], check=True)
    with browser(dark=False) as driver:
        driver.get((out / "report.html").as_uri())
        assert not driver.find_element(By.ID, "exits").is_displayed()
        driver.execute_script("select([budget().points.findIndex(isRule)])")
        assert series(driver, "exits") == ["selected: confidence, alpha 1, threshold 0.1"]
        choose(driver, "loss", "10")
        assert len(series(driver, "exits")) == 1
        for odd in ("", "-3"):
            choose(driver, "loss", odd)
        assert not driver.get_log("browser")


def check_figures(out):
    with browser(dark=False) as driver:
        drawings = sorted((out / "figures").glob("*.svg"))
        assert len(drawings) == 1 + 2 * (4 + 2 * 4), [d.name for d in drawings]
        for drawing in drawings:
            driver.get(drawing.as_uri())
            shapes = driver.execute_script("return document.querySelectorAll('path,circle,rect').length")
            assert driver.execute_script("return document.documentElement.tagName") == "svg" and shapes > 10, drawing


def main():
    with tempfile.TemporaryDirectory() as name:
        out = sweep(pathlib.Path(name))
        page = (out / "report.html").read_bytes()
        for dark in (False, True):
            check_page(out, dark)
        check_figures(out)
        check_nothing_within_the_loss(pathlib.Path(name))
        subprocess.run([PROGRAM, "report", out, "--quiet"], check=True)
        assert (out / "report.html").read_bytes() == page, "report DIR writes another page than the sweep did"
        subprocess.run([PROGRAM, "report", out, "--sample", "7"], check=True, capture_output=True)
        assert "Spikes of sample 7" in (out / "report.html").read_text()
    print("the page is drawn, sorts, copies, selects and prints")


main()
