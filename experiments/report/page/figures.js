"use strict";
// Draws the figures of this page's data (figure.h) with Chart.js. A figure is
// {title, caption, x, y, series}, an axis {label, min, max, percent, ticks}.

const charts = new Map();  // by the id of the element

const lightPalette = ["#444444", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const darkPalette = ["#c8c8c8", "#4aa8e0", "#f08a3c", "#2bc79b", "#e6a3c6", "#f2bb45", "#8fd0f5"];
const printing = () => document.documentElement.classList.contains("print");
const isDark = () => !printing() && matchMedia("(prefers-color-scheme: dark)").matches;
const colourOf = series => {
  const palette = isDark() ? darkPalette : lightPalette;
  return palette[series.colour % palette.length];
};
const cssColour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const significant = value => Number(value.toPrecision(6)).toString();
const percentText = value => `${Number((100 * value).toPrecision(4))} %`;
const compact = new Intl.NumberFormat("en", {notation: "compact", maximumSignificantDigits: 3});
const textOn = (axis, value) => axis.percent ? percentText(value)
    : Math.abs(value) >= 1e4 ? compact.format(value) : significant(value);

function scaleOf(axis, options) {
  const scale = {
    title: {display: true, text: axis.label, color: cssColour("--ink")},
    grid: {color: cssColour("--line")},
    ticks: {color: cssColour("--faint"), autoSkip: true},
    ...options,
  };
  if (scale.type !== "category") {
    scale.min = axis.min;
    scale.max = axis.max;
    scale.ticks.callback = value => textOn(axis, value);
    if (axis.integers) scale.ticks.precision = 0;
    if (axis.ticks) {
      scale.afterBuildTicks = built => { built.ticks = axis.ticks.map(([value]) => ({value})); };
      scale.ticks.callback = (value, index) => axis.ticks[index]?.[1] ?? "";
      scale.grid.display = false;
    }
  }
  return scale;
}

const pointsOf = series => series.x.map((x, i) => ({
  x, y: series.y[i], low: series.low?.[i], high: series.high?.[i], row: series.rows?.[i],
}));

function lineDatasets(series) {
  const colour = colourOf(series);
  const line = {
    type: "line", label: series.name, data: pointsOf(series), borderColor: colour, backgroundColor: colour,
    clip: 8, borderWidth: series.dashed ? 1.5 : 2, borderDash: series.dashed ? [6, 4] : [],
    pointRadius: series.dashed ? 0 : 2.5, pointHoverRadius: 6, pointHitRadius: 6,
  };
  if (!series.low) return [line];
  const bound = (values, fill) => ({
    type: "line", label: series.name, isBand: true, data: series.x.map((x, i) => ({x, y: values[i]})), fill,
    backgroundColor: colour + "26", borderWidth: 0, pointRadius: 0, pointHitRadius: 0,
  });
  return [line, bound(series.low, false), bound(series.high, "-1")];
}

function pointsDatasets(series, index) {
  const colour = colourOf(series);
  return [{
    type: "scatter", label: series.name, data: pointsOf(series), backgroundColor: colour, borderColor: colour,
    clip: 8, order: -1, pointRadius: 6, pointStyle: ["rectRot", "triangle", "rect"][index % 3], pointHoverRadius: 8,
  }];
}

// Spikes: upright marks.
function dotsDatasets(series) {
  const colour = colourOf(series);
  return [{type: "scatter", label: series.name, data: pointsOf(series), borderColor: colour, pointStyle: "line",
           rotation: 90, pointRadius: 3, pointHoverRadius: 5, pointHitRadius: 2, borderWidth: 1.5}];
}

function barDatasets(series) {
  return [{type: "bar", label: series.name, data: series.y, backgroundColor: colourOf(series), barPercentage: 1,
           categoryPercentage: 0.84}];
}

const datasetsOf = (series, index) => ({
  line: lineDatasets, points: pointsDatasets, dots: dotsDatasets, bars: barDatasets,
})[series.kind](series, index);

function tooltipLines(figure, item) {
  const point = item.raw;
  if (item.dataset.type === "bar") return `${item.dataset.label}: ${textOn(figure.y, point)}`;
  if (figure.y.ticks) return `${item.dataset.label}, ${figure.x.label} ${point.x}`;
  const lines = [`${item.dataset.label}`, `${figure.y.label} ${textOn(figure.y, point.y)}`,
                 `${figure.x.label} ${textOn(figure.x, point.x)}`];
  if (point.low !== undefined) lines[1] += `  (${textOn(figure.y, point.low)} to ${textOn(figure.y, point.high)})`;
  return lines;
}

// A band comes and goes with the line before it.
function setVisible(chart, index, visible) {
  chart.setDatasetVisibility(index, visible);
  for (let i = index + 1; chart.data.datasets[i]?.isBand; ++i) chart.setDatasetVisibility(i, visible);
}

function toggleSeries(event, item, legend) {
  setVisible(legend.chart, item.datasetIndex, !legend.chart.isDatasetVisible(item.datasetIndex));
  legend.chart.update();
}

// The series that a reader has switched off, by name: they stay off when the figure is drawn again.
const hiddenOf = chart => new Set(chart?.data.datasets.filter((dataset, i) => !dataset.isBand &&
    !chart.isDatasetVisible(i)).map(dataset => dataset.label));

function hide(chart, names) {
  chart.data.datasets.forEach((dataset, i) => {
    if (!dataset.isBand && names.has(dataset.label)) setVisible(chart, i, false);
  });
  if (names.size) chart.update();
}

// How many series of the same kind stand before it.
const countBefore = (figure, series, index) =>
    figure.series.slice(0, index).filter(other => other.kind === series.kind).length;

function configOf(figure, onPoints) {
  const bars = figure.series.some(series => series.kind === "bars");
  const first = figure.series[0];
  const labels = bars ? (figure.x.ticks ? figure.x.ticks.map(tick => tick[1]) : first.x.map(significant)) : undefined;
  return {
    data: {labels, datasets: figure.series.flatMap((one, index) => datasetsOf(one, countBefore(figure, one, index)))},
    options: {
      animation: false, responsive: true, maintainAspectRatio: false, devicePixelRatio: printing() ? 3 : undefined,
      interaction: {mode: bars ? "index" : "nearest", intersect: !bars},
      scales: {
        x: scaleOf(figure.x, bars ? {type: "category"} : {type: "linear"}),
        y: scaleOf(figure.y, {type: "linear"}),
      },
      plugins: {
        legend: {
          display: figure.series.length > 1 && !figure.y.ticks, position: "bottom", onClick: toggleSeries,
          labels: {color: cssColour("--ink"), boxWidth: 14, boxHeight: 6,
                   sort: (a, b) => a.datasetIndex - b.datasetIndex,
                   usePointStyle: figure.series.some(series => series.kind === "points"),
                   filter: (item, data) => !data.datasets[item.datasetIndex].isBand},
        },
        tooltip: {
          filter: item => !item.dataset.isBand,
          callbacks: {title: items => bars ? `${figure.x.label} ${items[0]?.label ?? ""}` : "",
                      label: item => tooltipLines(figure, item)},
        },
      },
      onClick: (event, elements, chart) => {
        const rows = elements.map(element => chart.data.datasets[element.datasetIndex].data[element.index]?.row);
        onPoints?.(rows.filter(row => row !== undefined));
      },
    },
  };
}

// Puts the figure into the element `id`, in place of what is there; none and one without series leave no space.
function draw(id, figure, onPoints) {
  const place = document.getElementById(id);
  const hidden = hiddenOf(charts.get(id));
  charts.get(id)?.destroy();
  charts.delete(id);
  const empty = !figure?.series.length;
  place.closest("section").hidden = empty;
  place.replaceChildren();
  if (empty) return;
  const element = (name, text) => Object.assign(document.createElement(name), {textContent: text});
  const holder = document.createElement("figure");
  const box = document.createElement("div");
  const canvas = document.createElement("canvas");
  box.className = "canvas";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${figure.title}. ${figure.caption}`);
  box.append(canvas);
  holder.append(element("h3", figure.title), box, element("figcaption", figure.caption));
  place.append(holder);
  const chart = new Chart(canvas, configOf(figure, onPoints));
  hide(chart, hidden);
  charts.set(id, chart);
}
