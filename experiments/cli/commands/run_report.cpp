#include "experiments/cli/commands/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "experiments/cli/commands/stop_text.h"
#include "experiments/cli/output.h"

namespace rheobase {
namespace {

double samples_per_second(const RunReport& report, const RunSummary& summary) {
  return report.seconds > 0.0 ? static_cast<double>(summary.samples()) / report.seconds : 0.0;
}

Json firing_rates(const RunSummary& summary) {
  Json rates = Json::object();
  const std::vector<double> values = summary.firing_rates();
  for (std::size_t i = 0; i < values.size(); ++i) rates[summary.spiking()[i].name] = values[i];
  return rates;
}

// 1, 2, 4, ... and the budget.
std::vector<int> table_steps(int budget) {
  std::vector<int> steps;
  for (int t = 1; t < budget; t *= 2) steps.push_back(t);
  steps.push_back(budget);
  return steps;
}

// Accuracy of every sample read at min(its exit, T).
std::string accuracy_table(const RunReport& report, const RunSummary& summary) {
  const bool stops = report.stop.policy != "never";
  const std::vector<double> accuracy = summary.accuracy_by_step();
  const std::vector<std::int64_t>& exits = summary.exit_histogram();
  std::string text = fmt::format("{:>6}  {:>10}{}\n", "T", "accuracy", stops ? "     ended" : "");
  std::int64_t ended = 0;
  int counted = 0;
  for (const int t : table_steps(report.steps)) {
    for (; counted < t; ++counted) ended += exits[counted];
    text += fmt::format("{:>6}  {:>8.2f} %", t, 100.0 * accuracy[t - 1]);
    const double share = static_cast<double>(ended) / static_cast<double>(summary.samples());
    if (stops) text += fmt::format("  {:>6.1f} %", 100.0 * share);
    text += "\n";
  }
  return text;
}

std::string rate_table(const RunSummary& summary) {
  if (summary.spiking().empty()) return "";
  std::size_t width = 5;
  for (const SpikingNode& node : summary.spiking()) width = std::max(width, node.name.size());
  const std::vector<double> rates = summary.firing_rates();
  std::string text =
      fmt::format("\n{:<{}}  {:>9}  {:>28}\n", "layer", width, "neurons", "spikes per neuron and step");
  for (std::size_t i = 0; i < rates.size(); ++i) {
    const SpikingNode& node = summary.spiking()[i];
    text += fmt::format("{:<{}}  {:>9}  {:>28.5f}\n", node.name, width, node.neurons, rates[i]);
  }
  return text;
}

// A stored rule, and where it is used beyond what it was calibrated for.
Json rule_json(const RunReport& report) {
  Json json = stop_json(report.stop);
  if (report.calibration) {
    json["guarantee"] = {{"max_loss", *report.calibration->max_loss},
                         {"confidence", *report.calibration->guarantee},
                         {"conditional", report.calibration->conditional}};
  }
  for (const RuleDifference& difference : report.beyond_calibration) {
    json["beyond_calibration"].push_back({{"condition", difference.condition},
                                          {"calibrated", difference.calibrated},
                                          {"used", difference.used}});
  }
  return json;
}

void add_overlap(const RunReport& report, Json& json) {
  if (report.calibration_overlap) json["overlap"]["calibration"] = *report.calibration_overlap;
  if (report.training_overlap) json["overlap"]["training"] = *report.training_overlap;
}

// Of recordings, whose steps last.
std::string time_text(double step_ms, double steps) {
  return step_ms > 0.0 ? fmt::format(": {:.1f} ms of the recording", step_ms * steps) : "";
}

// Which path the layers took that had the choice.
std::string path_text(const RunReport& report) {
  if (report.synapses.empty()) return "";
  double event = 0.0;
  double density = 0.0;
  for (const SynapseUse& synapse : report.synapses) {
    event += 1.0 - synapse.dense_share;
    density += synapse.density;
  }
  const auto layers = static_cast<double>(report.synapses.size());
  return fmt::format("synapses: {:.1f} of {} layers event-driven, mean input density {:.3f}\n", event,
                     report.synapses.size(), density / layers);
}

}  // namespace

Json run_json(const RunReport& report, const RunSummary& summary) {
  Json json{
      {"schema", 1},
      {"model", report.model},
      {"model_sha256", report.model_sha256},
      {"data", report.data},
      {"split", report.split},
      {"samples", summary.samples()},
      {"device", report.device},
      {"arithmetic", report.arithmetic},
      {"steps", report.steps},
      {"slots", report.slots},
      {"threads", report.threads},
      {"lookahead", report.lookahead},
      {"stop", rule_json(report)},
      {"accuracy", summary.accuracy()},
      {"mean_steps", summary.mean_steps()},
      {"accuracy_by_step", summary.accuracy_by_step()},
      {"exit_histogram", summary.exit_histogram()},
      {"firing_rate", firing_rates(summary)},
      {"Footprint", report.footprint_bytes},
      {"ConnectionSparsity", report.connection_sparsity},
      {"ActivationSparsity", report.activation_sparsity},
      {"SynapticOperations",
       {{"Effective_MACs", report.operations.effective_macs},
        {"Effective_ACs", report.operations.effective_acs},
        {"Dense", report.operations.dense}}},
      {"energy_pJ",
       {{"MAC", energy_per_mac_pj}, {"AC", energy_per_ac_pj}, {"estimate", energy_pj(report.operations)}}}};
  if (report.step_ms > 0.0) {
    json["step_ms"] = report.step_ms;
    json["mean_ms"] = report.step_ms * summary.mean_steps();
  }
  add_overlap(report, json);
  for (const SynapseUse& synapse : report.synapses) {
    json["synapses"][synapse.name] = {{"density", synapse.density},
                                      {"dense_from", synapse.dense_from},
                                      {"dense_share", synapse.dense_share}};
  }
  if (report.hash) json["spike_hash"] = fmt::format("{:016x}", summary.spike_hash());
  json["seconds"] = report.seconds;
  json["samples_per_second"] = samples_per_second(report, summary);
  json["peak_memory_bytes"] = report.peak_memory_bytes;
  return json;
}

std::string run_text(const RunReport& report, const RunSummary& summary) {
  std::string text =
      fmt::format("{} on {}, {} split, {} samples\n{}, {}, {} threads, {} slots; stop: {}\n",
                  file_name(report.model), report.data, report.split, summary.samples(), report.device,
                  report.arithmetic, report.threads, report.slots, stop_text(report.stop));
  if (!report.beyond_calibration.empty())
    text += fmt::format("the rule is {}: neither its loss nor its guarantee holds\n",
                        differences_text(report.beyond_calibration));
  if (report.calibration) text += fmt::format("the rule is calibrated {}\n", goal_text(*report.calibration));
  for (const auto& [overlap, whose] : {std::pair(report.calibration_overlap, "the rule was calibrated on"),
                                       std::pair(report.training_overlap, "the network was trained on")}) {
    if (overlap.value_or(0) > 0)
      text += fmt::format("{} of the samples are among those that {}\n", *overlap, whose);
  }
  text += "\n" + accuracy_table(report, summary);
  text +=
      fmt::format("\naccuracy {:.2f} % after {:.2f} steps of {} on average{}\n", 100.0 * summary.accuracy(),
                  summary.mean_steps(), report.steps, time_text(report.step_ms, summary.mean_steps()));
  text +=
      fmt::format("{:.1f} images/s ({:.1f} s), peak memory {:.0f} MiB\n", samples_per_second(report, summary),
                  report.seconds, static_cast<double>(report.peak_memory_bytes) / (1024.0 * 1024.0));
  text +=
      fmt::format("operations per image: {} MACs, {} ACs (dense {}); energy estimate {:.2f} uJ\n",
                  short_count(report.operations.effective_macs), short_count(report.operations.effective_acs),
                  short_count(report.operations.dense), energy_pj(report.operations) * 1e-6);
  text += path_text(report);
  if (report.hash) text += fmt::format("spike hash {:016x}\n", summary.spike_hash());
  return text + rate_table(summary);
}

}  // namespace rheobase
