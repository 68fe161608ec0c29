#include "experiments/data/normalization.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <string_view>

#include "sim/core/error.h"

namespace rheobase {
namespace {

// Of the training sets: the numbers that published models were trained with.
const std::map<std::string, Normalization>& presets() {
  static const std::map<std::string, Normalization> table{
      {"none", {}},
      {"cifar10", {{0.4914F, 0.4822F, 0.4465F}, {0.2470F, 0.2435F, 0.2616F}}},
      {"cifar100", {{0.5071F, 0.4865F, 0.4409F}, {0.2673F, 0.2564F, 0.2762F}}},
      {"mnist", {{0.1307F}, {0.3081F}}},
      {"fashion-mnist", {{0.2860F}, {0.3530F}}},
      {"imagenet", {{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}}}};
  return table;
}

[[noreturn]] void refuse(const std::string& text, const std::string& what) {
  throw InputError("normalization", fmt::format("'{}'", text), what);
}

std::vector<float> numbers(const std::string& text, std::string_view list) {
  std::vector<float> values;
  for (;;) {
    const std::string_view word = list.substr(0, list.find(','));
    float value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size() || !std::isfinite(value)) {
      refuse(text, fmt::format("'{}' is not a number", word));
    }
    values.push_back(value);
    if (word.size() == list.size()) return values;
    list.remove_prefix(word.size() + 1);
  }
}

// Means and deviations beyond this are of pixels from 0 to 255: those of pixels in [0, 1] are at most 1 and
// 0.5.
constexpr float max_of_pixels = 2.0F;

std::string list(const std::vector<float>& values) {
  std::string text;
  for (const float value : values) text += fmt::format("{}{:.6g}", text.empty() ? "" : ",", value);
  return text;
}

void check_count(const Normalization& normalization, const Shape& shape) {
  const auto count = static_cast<std::int64_t>(normalization.mean.size());
  const std::int64_t channels = shape.at(0);
  if (count == channels || (count == 1 && shape.size() == 1)) return;
  const std::string text = list(normalization.mean) + ";" + list(normalization.std);
  std::string way_out = fmt::format("give {} means and {} deviations, one a channel", channels, channels);
  if (count == 1 && channels <= 4) {
    const std::vector<float> means(channels, normalization.mean[0]), stds(channels, normalization.std[0]);
    way_out += fmt::format("; '{};{}' where all have the same", list(means), list(stds));
  }
  refuse(text, fmt::format("{} mean{}, but samples {} have {} channel{}: {}", count, count == 1 ? "" : "s",
                           to_string(shape), channels, channels == 1 ? "" : "s", way_out));
}

}  // namespace

Notes check_normalization(const Normalization& normalization, const Shape& shape) {
  if (normalization.mean.empty()) return {};
  check_count(normalization, shape);
  if (shape.size() != 3) return {};  // no image: its values are in no known range
  Notes notes;
  const auto check = [&](const char* what, float value, float least) {
    const std::string named = fmt::format("{} {:.6g}", what, value);
    if (std::abs(value) > max_of_pixels)
      throw InputError(
          "normalization", named,
          "is not one of pixels in [0, 1], as they are here: divide means and deviations by 255");
    if (value < least || value > 1.0F)
      notes.push_back({"normalization", named + " is unlikely for pixels in [0, 1], as they are here"});
  };
  for (const float mean : normalization.mean) check("mean", mean, 0.0F);
  for (const float std : normalization.std) check("deviation", std, 0.0F);
  return notes;
}

Normalization normalization_of(const Graph& graph) {
  Normalization result;
  const Node& input = graph.input();
  if (const Tensor* mean = input.tensor("mean")) result.mean = mean->reals();
  if (const Tensor* std = input.tensor("std")) result.std = std->reals();
  if (result.mean.empty()) result.mean.assign(result.std.size(), 0.0F);
  if (result.std.empty()) result.std.assign(result.mean.size(), 1.0F);
  return result;
}

bool rescales_itself(const Graph& graph) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), [&](const Node& node) {
    return node.op == "Affine" && node.inputs.at(0) == graph.input().name;
  });
}

std::string to_string(const Normalization& normalization) {
  if (normalization.mean.empty()) return "none: pixels as they are";
  return fmt::format("mean {}, std {}", list(normalization.mean), list(normalization.std));
}

Normalization normalization_preset(const std::string& text) {
  if (const auto found = presets().find(text); found != presets().end()) return found->second;
  const std::size_t middle = text.find(';');
  if (middle == std::string::npos) {
    std::string names;
    for (const auto& [name, values] : presets()) names += name + " ";
    refuse(text, fmt::format("unknown (known: {}or mean,mean,...;std,std,...)", names));
  }
  const std::string_view all = text;
  Normalization result{numbers(text, all.substr(0, middle)), numbers(text, all.substr(middle + 1))};
  if (result.mean.size() != result.std.size()) {
    refuse(text, fmt::format("{} means and {} deviations", result.mean.size(), result.std.size()));
  }
  for (const float value : result.std) {
    if (value <= 0) refuse(text, fmt::format("deviation {}, expected more than 0", value));
  }
  return result;
}

}  // namespace rheobase
