// sign(0) is +1 here and 0 in ONNX: where that makes a difference.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "converters/passes.h"
#include "converters/passes/value_range.h"

namespace rheobase {
namespace {

bool has_mass_at_zero(const ValueRange& range) {
  return range.cause == ZeroCause::pixels || range.cause == ZeroCause::rectified ||
         range.cause == ZeroCause::padding || range.cause == ZeroCause::constant;
}

/// Never negative or never positive, and 0 is not ruled out.
bool ends_at_zero(const ValueRange& range) {
  return range.interval.is_one_sided() && range.interval.low <= 0 && range.interval.high >= 0;
}

bool crosses_zero_on_grid(const ValueRange& range) {
  return !range.interval.is_one_sided() && range.grid.holds_zero();
}

/// Nothing where the test holds for no channel.
template <class Test>
const ValueRange* find(const ChannelRanges& ranges, const Test& test) {
  const auto found = std::find_if(ranges.groups.begin(), ranges.groups.end(), test);
  return found == ranges.groups.end() ? nullptr : &*found;
}

/// " in 3 of 8 channels" for which the test holds; "" where it does for all.
template <class Test>
std::string in_channels(const ChannelRanges& ranges, const Test& test) {
  const auto affected = std::count_if(ranges.groups.begin(), ranges.groups.end(), test) * ranges.repeat;
  return affected == ranges.size() ? "" : fmt::format(" in {} of {} channels", affected, ranges.size());
}

const char* never(const ValueRange& range) {
  return range.interval.is_never_negative() ? "never negative" : "never positive";
}

/// What to do about zeros of `range`, which are too many to be +1.
std::string cause_text(const ValueRange& range, const std::string& where) {
  constexpr const char* compare = "compare with a threshold instead, Where(x > 0, 1, -1)";
  switch (range.cause) {
    case ZeroCause::pixels:
      return fmt::format(
          "takes the sign of the pixels of '{}', which are from 0 to 1 and {}{}: 0 would become +1, and is 0 "
          "in "
          "the file; convert with the --normalize it was trained with, or {}",
          range.source, never(range), where, compare);
    case ZeroCause::padding:
      return fmt::format(
          "takes the sign of zeros that '{}' adds{}: they would become +1, and are 0 in the file; pad behind "
          "the "
          "sign (the padding of a convolution stays 0)",
          range.source, where);
    case ZeroCause::constant:
      return fmt::format(
          "takes the sign of '{}', which is always 0{}: that would become +1, and is 0 in the file; remove "
          "such "
          "channels or give them a bias",
          range.source, where);
    default:
      return fmt::format(
          "takes the sign of '{}', which is {}{}: 0 would become +1, and is 0 in the file; {}, or subtract a "
          "mean "
          "before the sign (a batch norm with its shift)",
          range.source, never(range), where, compare);
  }
}

std::optional<std::string> fault_of(const ChannelRanges& ranges) {
  if (const ValueRange* massive = find(ranges, has_mass_at_zero)) {
    const auto is_alike = [&](const ValueRange& range) { return range.cause == massive->cause; };
    return cause_text(*massive, in_channels(ranges, is_alike));
  }
  const auto has_two_sides = [](const ValueRange& range) { return !range.interval.is_one_sided(); };
  const ValueRange* ends = find(ranges, ends_at_zero);
  if (ends == nullptr || find(ranges, has_two_sides) != nullptr) return std::nullopt;
  return cause_text(*ends, "");
}

std::optional<std::string> note_of(const ChannelRanges& ranges) {
  const auto is_sum = [](const ValueRange& range) { return range.cause == ZeroCause::sum; };
  const auto is_feature = [](const ValueRange& range) { return range.cause == ZeroCause::features; };
  const auto can_change = [](const ValueRange& range) {
    return range.interval.low <= 0 && range.interval.high >= 0;
  };
  if (const ValueRange* sum = find(ranges, crosses_zero_on_grid)) {
    return fmt::format(
        "what '{}' sums is often exactly 0{}{}: whole multiples of one number, with no shift between; "
        "sign(0) is "
        "+1 here and 0 in the file, so answers differ; a batch norm before the sign avoids it, or "
        "Where(x >= 0, 1, -1)",
        sum->source, sum->grid.zero_at_border ? " at the border, beside the padding" : "",
        in_channels(ranges, crosses_zero_on_grid));
  }
  if (const ValueRange* sum = find(ranges, is_sum)) {
    return fmt::format(
        "takes the sign of '{}', which is exactly 0{} where all that it adds is; sign(0) is +1 here and 0 in "
        "the "
        "file",
        sum->source, in_channels(ranges, is_sum));
  }
  if (const ValueRange* input = find(ranges, is_feature)) {
    return fmt::format(
        "takes the sign of the features of '{}' themselves; one that is 0 becomes +1 here and 0 in the file",
        input->source);
  }
  if (find(ranges, ends_at_zero) != nullptr) {
    return fmt::format("takes the sign of values that never change it{}; 0 becomes +1 here and 0 in the file",
                       in_channels(ranges, ends_at_zero));
  }
  if (find(ranges, can_change) == nullptr) return "is the same for every input";
  return std::nullopt;
}

}  // namespace

Notes check_signs_of_zero(const Graph& graph, const SchemaSet& schemas, const std::vector<std::string>& signs,
                          const std::string& source) {
  if (signs.empty()) return {};
  const ValueRanges ranges = find_value_ranges(graph, schemas, validate_or_throw(graph, schemas, source));
  Notes notes;
  Faults faults;
  for (const std::string& name : signs) {
    const Node* sign = graph.find(name);
    if (sign == nullptr) continue;
    const auto& values = ranges.at(sign->inputs.at(0));
    if (const auto fault = fault_of(values)) {
      faults.push_back({name, *fault});
    } else if (const auto note = note_of(values)) {
      notes.push_back({name, *note});
    }
  }
  throw_if_any(source, faults);
  return notes;
}

}  // namespace rheobase
