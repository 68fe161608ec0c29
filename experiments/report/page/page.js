"use strict";
// The page: which cell, budget and rule is shown. A budget's points are the rows of the sweep's table.

const data = JSON.parse(document.getElementById("data").textContent);
const at = id => document.getElementById(id);
const state = {cell: 0, budget: 0, selected: null, sort: {column: null, descending: false}};
const cell = () => data.cells[state.cell];
const budget = () => cell().budgets[state.budget];
const stepsOf = () => budget().steps;
const whole = () => budget().points.findLast(point => point.policy === "never");
const isRule = point => !["never", "first_correct", "stays_correct"].includes(point.policy);
const finite = value => typeof value === "number" ? value : NaN;

const element = (name, text, attributes = {}) => {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};
const rowOf = (tag, texts) => {
  const row = document.createElement("tr");
  row.append(...texts.map(text => text instanceof Node ? text : element(tag, text)));
  return row;
};
const points = share => (100 * share).toFixed(2);
const saved = (part, all) => all > 0 ? `${(100 * (1 - part / all)).toFixed(1)} %` : "";

// Thresholds of confidence may be so close to 1 that only the difference says something.
const thresholdText = value => value > 0.999 && value < 1 ? `1-${(1 - value).toPrecision(3)}` : significant(value);

// The rule of every series that takes the fewest steps among those that lose little enough.
function chosenRules() {
  const least = whole().accuracy - Math.max(0, Number(at("loss").value) || 0) / 100 - 1e-12;
  const best = new Map();
  budget().points.forEach((point, row) => {
    if (!isRule(point) || point.accuracy < least) return;
    const before = best.get(point.series);
    if (before === undefined || point.mean_steps < budget().points[before].mean_steps) best.set(point.series, row);
  });
  return [...best.values()];
}

function showSummary() {
  const all = whole();
  const operations = point => finite(point.Effective_ACs) + finite(point.Effective_MACs);
  at("summary").tHead.replaceChildren(rowOf("th", ["rule", "accuracy", "95 % interval", "mean steps", "steps saved",
                                                   "spikes saved", "operations saved"]));
  const lines = [[`all ${stepsOf()} steps`, `${points(all.accuracy)} %`,
                  `${points(all.accuracy_low)} to ${points(all.accuracy_high)}`, all.mean_steps.toFixed(2), "", "",
                  ""]];
  for (const row of chosenRules()) {
    const point = budget().points[row];
    lines.push([`${point.series}, threshold ${thresholdText(point.threshold)}`, `${points(point.accuracy)} %`,
                `${points(point.accuracy_low)} to ${points(point.accuracy_high)}`, point.mean_steps.toFixed(2),
                saved(point.mean_steps, all.mean_steps), saved(point.spikes, all.spikes),
                saved(operations(point), operations(all))]);
  }
  at("summary").tBodies[0].replaceChildren(...lines.map(line => rowOf("td", line)));
}

// Series of the rules in `rows`, of T numbers each.
function seriesByStep(rows, kind, numbers) {
  const colours = new Map(budget().figures.accuracy.series.map(series => [series.name, series.colour]));
  return rows.map(row => {
    const point = budget().points[row];
    const marked = row === state.selected;
    const name = `${point.series}, threshold ${thresholdText(point.threshold)}`;
    return {name: marked ? `selected: ${name}` : name, kind,
            x: numbers(point).map((_, i) => i + 1), y: numbers(point), colour: marked ? 0 : colours.get(point.series),
            dashed: marked && kind === "line"};
  });
}

function showRules() {
  const rows = chosenRules();
  if (state.selected !== null && !rows.includes(state.selected)) rows.push(state.selected);
  const shares = point => point.exit_histogram.map(count => count / cell().samples);
  const histogram = seriesByStep(rows, "bars", shares);
  draw("exits", {...budget().figures.exits, series: histogram});
  const fixed = budget().figures.deadlines.series.slice(0, 1);
  draw("deadlines", {...budget().figures.deadlines,
                     series: [...fixed, ...seriesByStep(rows, "line", point => point.deadline_accuracy)]});
  for (const row of at("points").tBodies[0].rows)
    row.classList.toggle("selected", Number(row.dataset.row) === state.selected);
}

// The first rule of those that lie under a click.
function select(rows) {
  state.selected = rows.find(row => isRule(budget().points[row])) ?? null;
  showRules();
}

const columns = [
  ["rule", point => point.series], ["threshold", point => finite(point.threshold), thresholdText],
  ["accuracy", point => point.accuracy],
  ["accuracy low", point => point.accuracy_low], ["accuracy high", point => point.accuracy_high],
  ["mean steps", point => point.mean_steps], ["steps low", point => point.mean_steps_low],
  ["steps high", point => point.mean_steps_high], ["spikes", point => finite(point.spikes)],
  ["effective ACs", point => finite(point.Effective_ACs)], ["effective MACs", point => finite(point.Effective_MACs)],
  ["early thresholds", point => point.early_thresholds],
];
const cellText = (value, text = significant) =>
    typeof value === "string" ? value : Number.isNaN(value) ? "" : text(value);

function sortedRows() {
  const rows = budget().points.map((_, row) => row);
  const {column, descending} = state.sort;
  if (column === null) return rows;
  const key = row => columns[column][1](budget().points[row]);
  const order = (a, b) => (typeof a === "string" ? a.localeCompare(b) : a - b) * (descending ? -1 : 1);
  const compare = (a, b) => (Number.isNaN(a) - Number.isNaN(b)) || (Number.isNaN(a) ? 0 : order(a, b));
  return rows.sort((a, b) => compare(key(a), key(b)) || a - b);
}

function showTable() {
  const heads = columns.map(([name], column) => {
    const head = document.createElement("th");
    const button = element("button", name, {type: "button"});
    button.addEventListener("click", () => {
      state.sort = {column, descending: state.sort.column === column && !state.sort.descending};
      showTable();
      at("points").querySelectorAll("th button")[column].focus();
    });
    if (state.sort.column === column) {
      head.setAttribute("aria-sort", state.sort.descending ? "descending" : "ascending");
      button.textContent += state.sort.descending ? " ↓" : " ↑";
    }
    head.append(button);
    return head;
  });
  at("points").tHead.replaceChildren(rowOf("th", heads));
  at("points").tBodies[0].replaceChildren(...sortedRows().map(index => {
    const row = rowOf("td", columns.map(([, value, text]) => cellText(value(budget().points[index]), text)));
    row.dataset.row = index;
    row.lastElementChild.className = "long";
    row.lastElementChild.title = row.lastElementChild.textContent;
    row.classList.toggle("selected", index === state.selected);
    row.tabIndex = 0;
    row.addEventListener("click", () => select([index]));
    row.addEventListener("keydown", event => { if (event.key === "Enter") select([index]); });
    return row;
  }));
}

async function copyTable() {
  const lines = [columns.map(([name]) => name), ...sortedRows().map(row => columns.map(([, value]) => {
    const of = value(budget().points[row]);
    return typeof of === "string" ? of : Number.isNaN(of) ? "" : String(of);
  }))];
  const text = lines.map(line => line.join("\t")).join("\n") + "\n";
  try {
    await navigator.clipboard.writeText(text);
  } catch {  // pages from files may not be allowed to
    const area = element("textarea", text);
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  at("copied").textContent = `${lines.length - 1} rows copied`;
}

function accuracyFigure() {
  const figure = budget().figures.accuracy;
  return at("whole").checked ? {...figure, y: {...figure.y, min: undefined, max: undefined}} : figure;
}

function showBudget() {
  const chosen = budget();
  showSummary();
  showTable();
  draw("accuracy", accuracyFigure(), select);
  draw("reliability", chosen.figures.reliability);
  showRules();
}

// Layers against those of the source network.
function showDiagnosis() {
  const found = cell().diagnosis;
  draw("errors", cell().figures.errors);
  at("advice").textContent = found?.advice ?? "";
  at("layers").tHead.replaceChildren(rowOf("th", [`layer, T = ${found?.steps}`, "neurons", "mean error", "error", "own error",
                                                  "correlation", "clipped", "silent", "saturated", "events"]));
  const share = value => Number.isNaN(finite(value)) ? "" : `${points(value)} %`;
  at("layers").tBodies[0].replaceChildren(...(found?.layers ?? []).map(layer => rowOf("td", [
    layer.name, String(layer.neurons), significant(layer.mean_error), share(layer.error), share(layer.own_error),
    cellText(finite(layer.correlation)), share(layer.clipped), share(layer.silent), share(layer.saturated),
    significant(layer.events)])));
}

function showCell() {
  const shown = cell();
  at("cell-name").textContent = shown.name;
  at("facts").textContent = [shown.facts, shown.diagnosis_note].filter(Boolean).join(". ");
  at("facts").classList.toggle("error", Boolean(shown.error));
  at("budget").replaceChildren(...shown.budgets.map((one, i) => element("option", one.steps, {value: i})));
  state.budget = shown.budgets.length - 1;
  at("budget").value = state.budget;
  for (const id of ["firing-rate", "operations", "raster"]) draw(id, shown.figures[id]);
  showDiagnosis();
  at("raster-note").textContent = shown.raster_note ?? "";
  state.selected = null;
  document.body.classList.toggle("failed", Boolean(shown.error));
  if (shown.error) {
    for (const id of ["accuracy", "exits", "deadlines", "reliability"]) draw(id, null);
  } else {
    showBudget();
  }
}

function showAll() {
  draw("overview", data.overview);
  showCell();
}

function redraw() {
  const {budget: kept, selected} = state;
  draw("overview", data.overview);
  for (const id of ["firing-rate", "operations", "raster"]) draw(id, cell().figures[id]);
  showDiagnosis();
  state.budget = kept;
  state.selected = selected;
  if (!cell().error) showBudget();
}

function start() {
  at("about").textContent = `rheobase ${data.tool_version}: ${data.cells.length} ` +
      `${data.cells.length === 1 ? "cell" : "cells"}, every budget and rule read from one simulation of each.`;
  at("loss").value = Number((100 * data.max_loss).toPrecision(6));
  at("cell").append(...data.cells.map((one, i) => element("option", one.name, {value: i})));
  at("cell").addEventListener("change", () => { state.cell = Number(at("cell").value); showCell(); });
  at("budget").addEventListener("change", () => {
    state.budget = Number(at("budget").value);
    state.selected = null;
    showBudget();
  });
  at("loss").addEventListener("input", () => { showSummary(); showRules(); });
  at("whole").addEventListener("change", () => draw("accuracy", accuracyFigure(), select));
  at("copy").addEventListener("click", copyTable);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  const print = on => () => { document.documentElement.classList.toggle("print", on); redraw(); };
  addEventListener("beforeprint", print(true));
  addEventListener("afterprint", print(false));
  showAll();
}

start();
