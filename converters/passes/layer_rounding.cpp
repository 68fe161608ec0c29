#include "converters/passes/layer_rounding.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace rheobase {
namespace {

// One of the four levels that networks are trained with; healthy ones stay below 0.15.
constexpr double coarse_error = 0.25;
// The whole range of a firing rate.
constexpr double lost_error = 1.0;
constexpr double coarse_vanished = 0.5;
constexpr double lost_vanished = 0.9;

using Test = bool (ChannelRounding::*)() const;

std::int64_t count(const LayerRounding& layer, Test test) {
  return std::count_if(layer.channels.begin(), layer.channels.end(),
                       [&](const ChannelRounding& c) { return (c.*test)(); });
}

const ChannelRounding& worst(const LayerRounding& layer) {
  return *std::max_element(layer.channels.begin(), layer.channels.end(),
                           [](const ChannelRounding& a, const ChannelRounding& b) {
                             return std::tie(a.error, a.vanished) < std::tie(b.error, b.vanished);
                           });
}

// `4 of 32 channels are too coarse ...`, with the worst in numbers.
std::string described(const LayerRounding& layer, Test test) {
  const ChannelRounding& c = worst(layer);
  std::string text = fmt::format(
      "{} of {} channels are too coarse with weights of 8 bits; in channel {}, {:.0f} % of the weights round "
      "to 0 beside the largest, which is on channel {} of '{}'",
      count(layer, test), layer.channels.size(), c.channel, 100 * c.vanished, c.largest_input, layer.input);
  if (c.threshold_steps > 0)
    text += fmt::format(
        " and makes {:.3g} thresholds: a threshold is {:.3g} integer steps, and the current may be off by "
        "{:.2g} thresholds a step",
        c.largest, c.threshold_steps, c.error);
  return text;
}

}  // namespace

bool ChannelRounding::is_coarse() const {
  return threshold_steps > 0 ? error > coarse_error : vanished > coarse_vanished;
}

bool ChannelRounding::is_lost() const {
  return threshold_steps > 0 ? error > lost_error : vanished > lost_vanished;
}

bool LayerRounding::is_ruined() const {
  return 2 * count(*this, &ChannelRounding::is_lost) > static_cast<std::int64_t>(channels.size());
}

std::vector<Fault> ruined_layers(const std::vector<LayerRounding>& layers, bool measurable) {
  std::vector<Fault> faults;
  for (const LayerRounding& layer : layers) {
    if (!layer.is_ruined()) continue;
    faults.push_back(
        {layer.node, described(layer, &ChannelRounding::is_lost) +
                         "; use '--arithmetic float32', train with weight decay, or remove that input "
                         "where it never fires" +
                         (measurable ? "; --data measures what it does" : "")});
  }
  return faults;
}

Notes rounding_notes(const std::vector<LayerRounding>& layers, bool measurable) {
  Notes notes;
  for (const LayerRounding& layer : layers) {
    if (count(layer, &ChannelRounding::is_coarse) == 0) continue;
    notes.push_back({layer.node, described(layer, &ChannelRounding::is_coarse) +
                                     (measurable ? "; --data measures what it does" : "")});
  }
  return notes;
}

}  // namespace rheobase
