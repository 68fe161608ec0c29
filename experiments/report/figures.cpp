#include "experiments/report/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "experiments/analysis/reliability.h"
#include "experiments/report/svg.h"

namespace rheobase {
namespace {

bool is_fixed(const SweepPoint& point) { return point.policy == "never"; }
bool is_oracle(const SweepPoint& point) {
  return point.policy == "first_correct" || point.policy == "stays_correct";
}
bool is_rule(const SweepPoint& point) { return !is_fixed(point) && !is_oracle(point); }

// Rules in the order of mean steps, by series, the series in the order of their first rule.
std::vector<std::pair<std::string, std::vector<int>>> rules_by_series(const std::vector<SweepPoint>& points) {
  std::vector<std::pair<std::string, std::vector<int>>> groups;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!is_rule(points[i])) continue;
    const std::string name = series_name(points[i]);
    auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.first == name; });
    if (group == groups.end()) group = groups.insert(groups.end(), {name, {}});
    group->second.push_back(static_cast<int>(i));
  }
  for (auto& [name, rows] : groups) {
    std::stable_sort(rows.begin(), rows.end(), [&](int a, int b) {
      return points[a].outcome.mean_steps < points[b].outcome.mean_steps;
    });
  }
  return groups;
}

void add_point(Series& series, const std::vector<SweepPoint>& points, int row) {
  const SweepPoint& point = points[row];
  series.x.push_back(point.outcome.mean_steps);
  series.y.push_back(point.outcome.accuracy);
  series.low.push_back(point.intervals.accuracy.low);
  series.high.push_back(point.intervals.accuracy.high);
  series.rows.push_back(row);
}

Series of_rows(const std::vector<SweepPoint>& points, const std::string& name, Series::Kind kind, int colour,
               const std::vector<int>& rows) {
  Series series{name, kind, {}, {}, {}, {}};
  series.colour = colour;
  for (const int row : rows) add_point(series, points, row);
  return series;
}

std::vector<int> rows_of(const std::vector<SweepPoint>& points, const std::string& policy) {
  std::vector<int> rows;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].policy == policy) rows.push_back(static_cast<int>(i));
  }
  return rows;
}

// Whole per cents that accuracies are shown from: a little below where stopping is of use, since the first
// steps are far below.
double accuracy_floor(double reference) { return std::max(0.0, std::floor(100.0 * reference - 6.0) / 100.0); }

// The middle 95 % of a share of `samples` (Wilson, JASA 1927).
Interval wilson(double share, std::int64_t samples) {
  constexpr double z = 1.959964;
  const auto n = static_cast<double>(samples);
  const double middle = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
  const double half = z / (1.0 + z * z / n) * std::sqrt(share * (1.0 - share) / n + z * z / (4.0 * n * n));
  return {middle - half, middle + half};
}

// Close to 1 only the difference says something.
std::string threshold_text(double threshold) {
  return threshold > 0.999 && threshold < 1.0 ? fmt::format("1-{:.3g}", 1.0 - threshold)
                                              : fmt::format("{:.6g}", threshold);
}

// What `chosen` rules do, one series each, of T numbers against the steps 1..T.
Series by_step(const SweepPoint& point, Series::Kind kind, const std::vector<double>& values, int colour) {
  Series series{fmt::format("{}, threshold {}", series_name(point), threshold_text(point.stop.threshold)),
                kind,
                {},
                values,
                {},
                {}};
  series.colour = colour;
  for (std::size_t t = 1; t <= values.size(); ++t) series.x.push_back(static_cast<double>(t));
  return series;
}

// The colour of every rule's series in accuracy_figure, so that a policy looks the same everywhere.
std::map<std::string, int> colours(const std::vector<SweepPoint>& points) {
  std::map<std::string, int> result;
  for (const auto& [name, rows] : rules_by_series(points))
    result.emplace(name, static_cast<int>(result.size()) + 1);
  return result;
}

// `9 from step 1 on`, `3 from 5 on`: what changes only.
std::string answers_text(const std::vector<int>& answers) {
  std::string text;
  for (std::size_t t = 0; t < answers.size(); ++t) {
    if (t > 0 && answers[t] == answers[t - 1]) continue;
    text += fmt::format("{}{} from step {} on", text.empty() ? "" : ", ", answers[t], t + 1);
  }
  return text;
}

template <class Parts>
Axis layer_axis(const Parts& parts) {
  Axis axis{"layer"};
  for (std::size_t i = 0; i < parts.size(); ++i)
    axis.ticks.emplace_back(static_cast<double>(i), parts[i].name);
  return axis;
}

}  // namespace

std::string series_name(const SweepPoint& point) {
  std::string name = point.policy;
  if (point.by_step) name += " by step";
  if (is_rule(point) && point.policy != "stable") name += fmt::format(", alpha {:.6g}", point.stop.alpha);
  return name;
}

std::vector<int> chosen_rules(const std::vector<SweepPoint>& points, double max_loss) {
  const std::vector<int> fixed = rows_of(points, "never");
  std::vector<int> chosen;
  if (fixed.empty()) return chosen;
  const double least = points[fixed.back()].outcome.accuracy - max_loss - 1e-12;
  for (const auto& [name, rows] : rules_by_series(points)) {
    const auto good = std::find_if(rows.begin(), rows.end(),
                                   [&](int row) { return points[row].outcome.accuracy >= least; });
    if (good != rows.end()) chosen.push_back(*good);
  }
  return chosen;
}

Figure accuracy_figure(const std::vector<SweepPoint>& points) {
  Figure figure{
      "accuracy",
      "Accuracy against mean steps",
      "Every point is a rule; bands are 95 % bootstrap intervals. The oracles know the labels: no rule "
      "is more accurate than first_correct, which runs samples that are never right to the end.",
      {"mean steps"},
      {"accuracy"},
      {}};
  figure.y.percent = true;
  const std::vector<int> fixed = rows_of(points, "never");
  figure.series.push_back(of_rows(points, "fixed time", Series::Kind::line, 0, fixed));
  const std::map<std::string, int> colour = colours(points);
  for (const auto& [name, rows] : rules_by_series(points))
    figure.series.push_back(of_rows(points, name, Series::Kind::line, colour.at(name), rows));
  for (const char* oracle : {"first_correct", "stays_correct"}) {
    figure.series.push_back(
        of_rows(points, std::string("oracle ") + oracle, Series::Kind::points, 0, rows_of(points, oracle)));
  }
  figure.x.min = 0.0;
  if (!fixed.empty()) {
    figure.x.max = static_cast<double>(fixed.size());
    double best = 0.0;
    for (const SweepPoint& point : points) best = std::max(best, point.intervals.accuracy.high);
    figure.y.min = accuracy_floor(points[fixed.back()].outcome.accuracy);
    figure.y.max = std::min(1.0, std::ceil(100.0 * best + 0.2) / 100.0);
  }
  return figure;
}

Figure exits_figure(const std::vector<SweepPoint>& points, const std::vector<int>& chosen) {
  Figure figure{
      "exits",
      "When samples stop",
      "Share of the samples that end at each step, under the rules of fewest steps for the loss asked for.",
      {"step"},
      {"share of samples"},
      {}};
  figure.y.percent = true;
  figure.y.min = 0.0;
  const std::map<std::string, int> colour = colours(points);
  for (const int row : chosen) {
    const SweepPoint& point = points[row];
    std::vector<double> shares;
    double samples = 0.0;
    for (const std::int64_t count : point.exit_histogram) samples += static_cast<double>(count);
    for (const std::int64_t count : point.exit_histogram)
      shares.push_back(samples > 0.0 ? static_cast<double>(count) / samples : 0.0);
    figure.series.push_back(by_step(point, Series::Kind::bars, shares, colour.at(series_name(point))));
  }
  return figure;
}

Figure deadline_figure(const std::vector<SweepPoint>& points, const std::vector<int>& chosen) {
  Figure figure{
      "deadlines",
      "Accuracy under a deadline",
      "Every sample is read when its rule stops it or at the deadline, whichever comes first; the rules are "
      "those of fewest steps for the loss asked for.",
      {"deadline (steps)"},
      {"accuracy"},
      {}};
  figure.y.percent = true;
  std::vector<double> fixed;
  for (const int row : rows_of(points, "never")) fixed.push_back(points[row].outcome.accuracy);
  if (fixed.empty()) return figure;
  figure.x.min = 1.0;
  figure.x.max = static_cast<double>(fixed.size());
  figure.x.integers = true;
  figure.y.min = std::floor(100.0 * *std::min_element(fixed.begin(), fixed.end())) / 100.0;
  figure.y.max =
      std::min(1.0, std::ceil(100.0 * *std::max_element(fixed.begin(), fixed.end()) + 0.5) / 100.0);
  Series all{"fixed time", Series::Kind::line, {}, fixed, {}, {}};
  for (std::size_t t = 1; t <= fixed.size(); ++t) all.x.push_back(static_cast<double>(t));
  figure.series.push_back(std::move(all));
  const std::map<std::string, int> colour = colours(points);
  for (const int row : chosen) {
    figure.series.push_back(by_step(points[row], Series::Kind::line, points[row].deadline_accuracy,
                                    colour.at(series_name(points[row]))));
  }
  return figure;
}

Figure firing_rate_figure(const Recording& recording) {
  const RecordingInfo& info = recording.info;
  Figure figure{
      "firing-rate",
      "Firing rate by layer",
      fmt::format("Spikes per neuron and step over {} steps, on average over the samples.", info.steps),
      layer_axis(info.layers),
      {"firing rate"},
      {}};
  figure.y.min = 0.0;
  Series series{"firing rate", Series::Kind::bars, {}, {}, {}, {}};
  series.colour = 1;
  double steps = 0.0;
  for (const std::int64_t exit : recording.exit_steps) steps += static_cast<double>(exit);
  for (std::size_t i = 0; i < info.layers.size(); ++i) {
    double spikes = 0.0;
    for (std::int64_t row = 0; row < info.samples; ++row)
      spikes += static_cast<double>(recording.spike_counts[row * info.layers.size() + i]);
    const double neurons = static_cast<double>(info.layers[i].neurons);
    series.x.push_back(static_cast<double>(i));
    series.y.push_back(neurons * steps > 0.0 ? spikes / (neurons * steps) : 0.0);
  }
  if (!info.layers.empty()) figure.series.push_back(std::move(series));
  return figure;
}

Figure operations_figure(const Recording& recording) {
  const RecordingInfo& info = recording.info;
  Figure figure{"operations",
                "Synaptic operations by layer",
                fmt::format("Effective accumulates and multiply-accumulates of a sample over {} steps "
                            "(NeuroBench's rules), beside one dense pass as the source network makes it.",
                            info.steps),
                layer_axis(info.synapses),
                {"operations per sample"},
                {}};
  if (info.synapses.empty()) return figure;
  figure.y.min = 0.0;
  Series acs{"effective ACs", Series::Kind::bars, {}, {}, {}, {}};
  Series macs{"effective MACs", Series::Kind::bars, {}, {}, {}, {}};
  Series dense{"one dense pass", Series::Kind::bars, {}, {}, {}, {}};
  acs.colour = 1;
  macs.colour = 2;
  for (std::size_t i = 0; i < info.synapses.size(); ++i) {
    double total_acs = 0.0;
    double total_macs = 0.0;
    for (std::int64_t row = 0; row < info.samples; ++row) {
      const SynapseCost& cost = recording.synapse_costs[row * info.synapses.size() + i];
      total_acs += static_cast<double>(cost.acs);
      total_macs += static_cast<double>(cost.macs);
    }
    const auto samples = static_cast<double>(info.samples);
    for (Series* const series : {&acs, &macs, &dense}) series->x.push_back(static_cast<double>(i));
    acs.y.push_back(total_acs / samples);
    macs.y.push_back(total_macs / samples);
    dense.y.push_back(static_cast<double>(info.synapses[i].dense));
  }
  figure.series = {acs, macs, dense};
  return figure;
}

Figure reliability_figure(const Recording& recording, double alpha) {
  Figure figure{
      "reliability",
      "Reliability of confidence",
      fmt::format("How often the network is right where max softmax(sum / {:.6g}) says so sure; on the "
                  "diagonal confidence is accuracy. ECE: expected calibration error, 15 bins; bands: 95 % "
                  "Wilson intervals.",
                  alpha),
      {"confidence"},
      {"accuracy"},
      {}};
  figure.x = {"confidence", 0.0, 1.0, true};
  figure.y = {"accuracy", 0.0, 1.0, true};
  Series diagonal{"confidence = accuracy", Series::Kind::line, {0.0, 1.0}, {0.0, 1.0}, {}, {}};
  diagonal.dashed = true;
  figure.series.push_back(std::move(diagonal));
  const auto T = static_cast<int>(recording.info.steps);
  int last = 0;
  for (const int t : {1, T / 4, T / 2, T}) {
    if (t <= last) continue;
    last = t;
    const Reliability found = reliability(recording, t, alpha);
    Series series{
        fmt::format("step {}: ECE {:.2f} %", t, 100.0 * found.ece), Series::Kind::line, {}, {}, {}, {}};
    series.colour = static_cast<int>(figure.series.size());
    for (const ReliabilityBin& bin : found.bins) {
      if (bin.samples == 0) continue;
      const Interval interval = wilson(bin.accuracy, bin.samples);
      series.x.push_back(bin.confidence);
      series.y.push_back(bin.accuracy);
      series.low.push_back(interval.low);
      series.high.push_back(interval.high);
    }
    figure.series.push_back(std::move(series));
  }
  return figure;
}

Figure raster_figure(const Raster& raster) {
  Figure figure{
      "raster",
      fmt::format("Spikes of sample {}", raster.sample),
      fmt::format("Some neurons of every layer, by row; a mark is a spike. Label {}; the answer is {}.",
                  raster.label, answers_text(raster.answers)),
      {"step"},
      {"layer"},
      {}};
  double row = 0.0;
  for (const RasterLayer& layer : raster.layers) {
    Series series{layer.name, Series::Kind::dots, {}, {}, {}, {}};
    series.colour = 1 + static_cast<int>(figure.series.size()) % 2;
    figure.y.ticks.emplace_back(row + static_cast<double>(layer.shown.size()) / 2.0, layer.name);
    for (const std::vector<int>& times : layer.times) {
      for (const int t : times) {
        series.x.push_back(t);
        series.y.push_back(row);
      }
      row += 1.0;
    }
    row += 4.0;  // a gap between layers
    figure.series.push_back(std::move(series));
  }
  figure.x.min = 0.5;
  figure.x.max = raster.steps + 0.5;
  for (const double t : round_ticks(1.0, raster.steps, 10)) {
    if (t >= 1.0 && t == std::floor(t)) figure.x.ticks.emplace_back(t, fmt::format("{:g}", t));
  }
  figure.y.min = -2.0;
  figure.y.max = row;
  return figure;
}

Figure overview_figure(const std::vector<std::pair<std::string, std::vector<SweepPoint>>>& cells) {
  Figure figure{
      "overview",     "All cells",  "The best of all rules of each cell (solid) and fixed times (dashed).",
      {"mean steps"}, {"accuracy"}, {}};
  figure.x.min = 0.0;
  figure.y.percent = true;
  double floor = 1.0;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto& [name, points] = cells[i];
    std::vector<int> rules;
    for (std::size_t row = 0; row < points.size(); ++row) {
      if (is_rule(points[row])) rules.push_back(static_cast<int>(row));
    }
    std::stable_sort(rules.begin(), rules.end(), [&, &all = points](int a, int b) {
      return all[a].outcome.mean_steps < all[b].outcome.mean_steps;
    });
    std::vector<int> front;
    for (const int row : rules) {
      if (front.empty() || points[row].outcome.accuracy > points[front.back()].outcome.accuracy)
        front.push_back(row);
    }
    const std::vector<int> fixed = rows_of(points, "never");
    const int colour = static_cast<int>(i) + 1;
    Series best = of_rows(points, name, Series::Kind::line, colour, front);
    Series all = of_rows(points, name + ", fixed time", Series::Kind::line, colour, fixed);
    all.dashed = true;
    for (Series* const series : {&best, &all}) {
      series->rows.clear();
      series->low.clear();
      series->high.clear();
    }
    if (!all.y.empty()) floor = std::min(floor, accuracy_floor(all.y.back()));
    figure.series.push_back(std::move(best));
    figure.series.push_back(std::move(all));
  }
  figure.y.min = floor;
  return figure;
}

}  // namespace rheobase
