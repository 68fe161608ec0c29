#include "experiments/diagnosis/diagnosis_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rheobase {
namespace {

// A share of the squared error that is most of it.
constexpr double most = 0.5;
// A share of equal answers from which on nothing is lost that a user would see.
constexpr double agreeing = 0.99;

std::string percent(double share, int digits = 1) {
  return std::isnan(share) ? "-" : fmt::format("{:.{}f} %", 100.0 * share, digits);
}
std::string number(double value) { return std::isnan(value) ? "-" : fmt::format("{:.4f}", value); }

std::string steps_text(int steps) { return fmt::format("{} step{}", steps, steps == 1 ? "" : "s"); }

int width_of(const Diagnosis& diagnosis) {
  std::size_t width = 10;
  for (const DiagnosedLayer& layer : diagnosis.layers) width = std::max(width, layer.name.size());
  return static_cast<int>(width);
}

// The layer with the largest error; nullptr where none has one.
const DiagnosedLayer* worst(const Diagnosis& diagnosis) {
  const DiagnosedLayer* found = nullptr;
  for (const DiagnosedLayer& layer : diagnosis.layers) {
    const double error = layer.by_steps.back().error;
    if (!std::isnan(error) && (found == nullptr || error > found->by_steps.back().error)) found = &layer;
  }
  return found;
}

// Why a layer's own neurons are wrong, and what would help.
std::string cause(const DiagnosedLayer& layer) {
  const LayerError& last = layer.by_steps.back();
  if (last.clipping >= most)
    return fmt::format(
        "{} of that is of neurons that fire all they can and are still below: its thresholds are too small "
        "for "
        "its activations, raise them",
        percent(last.clipping));
  if (last.silence >= most)
    return fmt::format(
        "{} of that is of neurons that never fire: its thresholds are too large for {}, lower them or give "
        "more steps",
        percent(last.silence), steps_text(last.steps));
  return fmt::format(
      "neither clipping nor silence is most of it: events are too coarse or come too unevenly for {}, more "
      "steps or more levels help",
      steps_text(last.steps));
}

std::string spread_text(const Diagnosis& diagnosis) {
  const DiagnosedLayer* const largest = worst(diagnosis);
  if (largest == nullptr) return "no layer of the source network is ever active on these samples";
  return fmt::format("no layer's neurons lose much by themselves; small errors add up to {} in '{}'",
                     percent(largest->by_steps.back().error), largest->name);
}

std::string layers_text(const Diagnosis& diagnosis) {
  std::string text = fmt::format("{} layers", diagnosis.layers.size());
  if (diagnosis.layers.size() == 1) text = "1 layer";
  const DiagnosedLayer* const largest = worst(diagnosis);
  if (largest == nullptr) return text + " without activity";
  const LayerError& last = largest->by_steps.back();
  text += fmt::format(": decoded activations are wrong by {} at most (rms, in '{}', correlation {})",
                      percent(last.error), largest->name, number(last.correlation));
  if (!diagnosis.left_out.empty())
    text += fmt::format("; {} spiking layers have no counterpart, '{}' first", diagnosis.left_out.size(),
                        diagnosis.left_out.front());
  return text;
}

}  // namespace

std::string diagnosis_advice(const Diagnosis& diagnosis) {
  const std::optional<std::size_t> start = loss_start(diagnosis);
  if (!start) return spread_text(diagnosis);
  const DiagnosedLayer& layer = diagnosis.layers[*start];
  const bool agrees = diagnosis.logits.back().same >= agreeing;
  return fmt::format("{} in '{}', whose own error is {}; {}",
                     agrees ? "the answers agree; errors start" : "the loss starts", layer.name,
                     percent(layer.by_steps.back().own_error), cause(layer));
}

std::string diagnosis_summary(const Diagnosis& diagnosis, const std::string& data) {
  const LogitAgreement& logits = diagnosis.logits.back();
  return fmt::format(
      "float32, {} {}, {}: {} of the answers are those of the source network (accuracy {}, source {}), "
      "correlation of the logits {}\n{}\n{}\n",
      diagnosis.samples, data, steps_text(logits.steps), percent(logits.same, 2), percent(logits.accuracy, 2),
      percent(diagnosis.source_accuracy, 2), number(logits.correlation), layers_text(diagnosis),
      diagnosis_advice(diagnosis));
}

std::string diagnosis_tables(const Diagnosis& diagnosis) {
  const int width = width_of(diagnosis);
  std::string text = fmt::format(
      "\nDecoded activations against the source network's after {}:\n\n{:<{}}  {:>9}  {:>11}  {:>8}  {:>8}  "
      "{:>11}  {:>8}  {:>8}  {:>9}  {:>8}\n",
      steps_text(diagnosis.steps.back()), "layer", width, "neurons", "mean error", "error", "own",
      "correlation", "clipped", "silent", "saturated", "events");
  for (const DiagnosedLayer& layer : diagnosis.layers) {
    const LayerError& last = layer.by_steps.back();
    text += fmt::format("{:<{}}  {:>9}  {:>11.5f}  {:>8}  {:>8}  {:>11}  {:>8}  {:>8}  {:>9}  {:>8.3f}\n",
                        layer.name, width, layer.neurons, last.mean_error, percent(last.error),
                        percent(last.own_error), number(last.correlation), percent(last.clipped),
                        percent(last.silent), percent(last.saturated), last.events);
  }
  text += fmt::format("\n{:<{}}", "error, T =", width);
  for (const int steps : diagnosis.steps) text += fmt::format("  {:>8}", steps);
  text += "\n";
  for (const DiagnosedLayer& layer : diagnosis.layers) {
    text += fmt::format("{:<{}}", layer.name, width);
    for (const LayerError& error : layer.by_steps) text += fmt::format("  {:>8}", percent(error.error));
    text += "\n";
  }
  text += fmt::format("{:<{}}", "answers", width);
  for (const LogitAgreement& logits : diagnosis.logits) text += fmt::format("  {:>8}", percent(logits.same));
  return text + "\n\n";
}

}  // namespace rheobase
