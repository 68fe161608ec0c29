#pragma once

#include <algorithm>

#include "sim/op/host/tile.h"

namespace rheobase {

/// Keeps the currents of a convolution that no neuron takes.
class StoringSink : public TileSink {
 public:
  StoringSink(const SignalView& output, std::int64_t channels) : output_(output), channels_(channels) {}
  void take(const Tile& tile) const override {
    std::int32_t* out = output_.int32(tile.lane) + tile.first_pixel * channels_ + tile.first_channel;
    for (std::int64_t p = 0; p < tile.pixels; ++p, out += channels_)
      std::copy_n(tile.currents + p * tile.width, tile.channels, out);
  }

 private:
  SignalView output_;
  std::int64_t channels_;
};

}  // namespace rheobase
