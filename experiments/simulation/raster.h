#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "experiments/simulation/simulation.h"

namespace rheobase {

/// Some neurons of a spiking layer, and when they fired.
struct RasterLayer {
  std::string name;
  std::int64_t neurons = 0;             ///< of the layer
  std::vector<std::int64_t> shown;      ///< ascending, in C, H, W order
  std::vector<std::vector<int>> times;  ///< of each that is shown: steps 1..T at which it fired, ascending

  bool operator==(const RasterLayer&) const = default;
};

/// The spikes of one sample.
struct Raster {
  std::int64_t sample = 0;  ///< index in the data set
  int label = -1;
  int steps = 0;             ///< T
  std::vector<int> answers;  ///< [T], the class with the largest accumulated logit
  std::vector<RasterLayer> layers;

  bool operator==(const Raster&) const = default;
};

/// Simulates the first sample of `spec` for all its steps, without stopping, on one slot. Of every layer
/// `neurons_per_layer` are shown, one of every equal part of the layer, the same at every call.
Raster record_raster(SimulationSpec spec, const Registry& registry, std::int64_t neurons_per_layer = 48);

/// As JSON and back. Throws InputError naming `path` where the text is no raster.
std::string raster_text(const Raster& raster);
Raster parse_raster(const std::string& text, const std::string& path);

}  // namespace rheobase
