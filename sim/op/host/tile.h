#pragma once

#include <cstdint>

#include "sim/op/host/host_kernel.h"

namespace rheobase {

/// Output currents of a few pixels of one lane, in one plane of channels, on their way from a synapse to a
/// neuron; they stay in the first-level cache.
struct Tile {
  int lane = 0;
  std::int64_t first_pixel = 0;
  std::int64_t pixels = 0;
  std::int64_t first_channel = 0;    ///< of integers a multiple of 64 where the source has a tile_source()
  std::int64_t channels = 0;         ///< 1 to width
  std::int64_t width = 0;            ///< of integers 16, 32 or 64
  std::int32_t* currents = nullptr;  ///< fixed arithmetic: [pixels][width]; 0 beyond `channels`
  const float* reals = nullptr;      ///< float32 in their place: [pixels][width]; anything beyond `channels`
};

/// Takes the tiles of a source: each pixel and channel of each lane once, the lanes of a slot in order for
/// each pixel. Called from many workers at once.
class TileSink {
 public:
  virtual ~TileSink() = default;
  virtual void take(const Tile& tile) const = 0;
  /// Announces a tile, without currents yet, that will be taken soon: a chance to fetch what it meets.
  virtual void expect(const Tile& /*tile*/) const {}
};

/// A synapse that can hand its output on instead of storing it.
class TileSource {
 public:
  virtual ~TileSource() = default;
  /// What its tiles hold.
  virtual bool sends_reals() const { return false; }
  /// As HostKernel::step(), but every output goes to the sink.
  virtual void step_tiles(const StepArgs& args, const TileSink& sink) const = 0;
};

/// A node without state whose output can be added to a tile straight from its input.
class TileAddend {
 public:
  virtual ~TileAddend() = default;
  virtual void add_to(const Tile& tile, const SignalView& input) const = 0;
};

/// A neuron that can be fed by tiles.
class TileNeuron {
 public:
  virtual ~TileNeuron() = default;
  /// The tiles that it can be fed by.
  virtual bool takes_reals() const { return false; }
  virtual void step_tile(const Tile& tile, const SignalView& state, const SignalView& output) const = 0;
  /// A tile of this place comes soon.
  virtual void expect_tile(const Tile& tile, const SignalView& state) const = 0;
};

}  // namespace rheobase
