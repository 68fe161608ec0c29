#include "experiments/sweep/sweep_table.h"

#include <fmt/format.h>

#include <limits>

namespace rheobase {
namespace {

std::string joined(const std::vector<double>& values) {
  std::string text;
  for (const double value : values) text += fmt::format("{}{}", text.empty() ? "" : " ", value);
  return text;
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string result;
  for (const char c : text) result.append(c == '"' ? 2 : 1, c);
  return fmt::format("\"{}\"", result);
}

// Not-a-number is an empty field.
struct Field {
  std::size_t row;
  std::string operator()(const std::vector<std::string>& column) const { return quoted(column[row]); }
  std::string operator()(const std::vector<std::int64_t>& column) const {
    return fmt::format("{}", column[row]);
  }
  std::string operator()(const std::vector<double>& column) const {
    return column[row] == column[row] ? fmt::format("{}", column[row]) : "";
  }
};

}  // namespace

Table sweep_table(const std::vector<CellResult>& results, const SweepSpec& spec) {
  Table table;
  const auto add = [&](const std::string& name, const auto& value_of) {
    std::vector<std::decay_t<decltype(value_of(results.front(), SweepPoint{}))>> column;
    for (const CellResult& cell : results) {
      for (const SweepPoint& point : cell.points) column.push_back(value_of(cell, point));
    }
    table.columns.push_back({name, std::move(column)});
  };
  // The numbers of a rule; oracles and fixed times have none.
  const auto of_rule = [](const SweepPoint& point, double value) {
    return point.stop.policy == "never" ? std::numeric_limits<double>::quiet_NaN() : value;
  };
  add("model", [](const CellResult& cell, const SweepPoint&) { return cell.cell.model; });
  add("data", [](const CellResult& cell, const SweepPoint&) { return cell.cell.data; });
  add("split", [&](const CellResult&, const SweepPoint&) { return spec.split; });
  add("arithmetic", [](const CellResult& cell, const SweepPoint&) { return cell.cell.arithmetic; });
  add("coding", [](const CellResult& cell, const SweepPoint&) { return cell.cell.coding; });
  add("method", [](const CellResult& cell, const SweepPoint&) {
    return is_converted(cell.cell.model) ? cell.cell.conversion.method : "";
  });
  add("levels",
      [](const CellResult& cell, const SweepPoint&) { return cell.cell.conversion.levels.value_or(0); });
  add("threshold_rule", [](const CellResult& cell, const SweepPoint&) {
    return is_converted(cell.cell.model) ? cell.cell.conversion.threshold : "";
  });
  add("calibrate", [](const CellResult& cell, const SweepPoint&) {
    return is_converted(cell.cell.model) ? cell.cell.conversion.calibrate : "";
  });
  add("readout_delay",
      [](const CellResult& cell, const SweepPoint&) { return std::int64_t{cell.cell.readout_delay}; });
  add("steps", [](const CellResult&, const SweepPoint& p) { return std::int64_t{p.budget}; });
  add("policy",
      [](const CellResult&, const SweepPoint& p) { return p.policy + (p.by_step ? " by step" : ""); });
  add("alpha", [&](const CellResult&, const SweepPoint& p) { return of_rule(p, p.stop.alpha); });
  add("threshold", [&](const CellResult&, const SweepPoint& p) { return of_rule(p, p.stop.threshold); });
  add("early_thresholds",
      [](const CellResult&, const SweepPoint& p) { return joined(p.stop.early_thresholds); });
  add("accuracy", [](const CellResult&, const SweepPoint& p) { return p.outcome.accuracy; });
  add("accuracy_low", [](const CellResult&, const SweepPoint& p) { return p.intervals.accuracy.low; });
  add("accuracy_high", [](const CellResult&, const SweepPoint& p) { return p.intervals.accuracy.high; });
  add("mean_steps", [](const CellResult&, const SweepPoint& p) { return p.outcome.mean_steps; });
  add("mean_steps_low", [](const CellResult&, const SweepPoint& p) { return p.intervals.mean_steps.low; });
  add("mean_steps_high", [](const CellResult&, const SweepPoint& p) { return p.intervals.mean_steps.high; });
  add("spikes", [](const CellResult&, const SweepPoint& p) { return p.cost.spikes; });
  add("Effective_ACs", [](const CellResult&, const SweepPoint& p) { return p.cost.acs; });
  add("Effective_MACs", [](const CellResult&, const SweepPoint& p) { return p.cost.macs; });
  return table;
}

std::string csv_text(const Table& table) {
  std::string text;
  for (const Table::Column& column : table.columns)
    text += fmt::format("{}{}", text.empty() ? "" : ",", quoted(column.name));
  text += "\r\n";
  for (std::size_t row = 0; row < table.rows(); ++row) {
    for (std::size_t c = 0; c < table.columns.size(); ++c)
      text += fmt::format("{}{}", c == 0 ? "" : ",", std::visit(Field{row}, table.columns[c].values));
    text += "\r\n";
  }
  return text;
}

}  // namespace rheobase
