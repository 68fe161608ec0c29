#pragma once

#include <algorithm>
#include <type_traits>

#include "sim/op/fixed.h"
#include "sim/op/host/prefetch.h"
#include "sim/op/host/tile.h"

namespace rheobase {

// The loops of spiking neurons on the host, whatever their equation.

/// Steps the neurons of all lanes one after the other, by `fires(v, x, channel)`. Potentials are float, or
/// std::int32_t in fixed arithmetic; a pixel has `row` of them.
template <class Number, class Fires>
void step_each(const StepArgs& args, const SignalSpec& input, std::int64_t row, const Fires& fires) {
  constexpr bool is_real = std::is_same_v<Number, float>;
  const std::int64_t words = input.words_per_pixel();
  auto* scratch = args.scratch(0).take<Number>(row);
  for (const int lane : args.lanes) {
    auto* v = reinterpret_cast<Number*>(args.state.entry(lane));
    for (std::int64_t pixel = 0; pixel < input.shape.pixels(); ++pixel, v += row) {
      const Number* x = nullptr;
      if constexpr (is_real) x = pixel_values(input, args.inputs[0], lane, pixel, scratch);
      if constexpr (!is_real) x = pixel_integers(input, args.inputs[0], lane, pixel, scratch);
      std::uint64_t* spikes = args.output.spikes(lane) + pixel * words;
      std::fill(spikes, spikes + words, 0);
      for (std::int64_t c = 0; c < input.shape.channels; ++c)
        spikes[c / 64] |= std::uint64_t{fires(v[c], x[c], c)} << (c % 64);
    }
  }
}

/// The same for neurons of float32 arithmetic that emit numbers, by `emits(v, x, channel)`.
template <class Emits>
void emit_each(const StepArgs& args, const SignalSpec& input, const Emits& emits) {
  const std::int64_t channels = input.shape.channels;
  auto* scratch = args.scratch(0).take<float>(channels);
  for (const int lane : args.lanes) {
    float* v = args.state.real(lane);
    float* out = args.output.real(lane);
    for (std::int64_t pixel = 0; pixel < input.shape.pixels(); ++pixel, v += channels, out += channels) {
      const float* x = pixel_values(input, args.inputs[0], lane, pixel, scratch);
      for (std::int64_t c = 0; c < channels; ++c) out[c] = emits(v[c], x[c], c);
    }
  }
}

/// A spiking neuron of float32 arithmetic on the cpu. `Pixels` is a HostKernel with `input_` and stepper(),
/// which returns what steps the neurons of one pixel: step(potentials, currents, spikes).
template <class Pixels>
class FloatNeuronCpu final : public Pixels {
 public:
  using Pixels::Pixels;

  void step(const StepArgs& args) const override {
    const std::int64_t channels = input_.shape.channels;
    const std::int64_t words = input_.words_per_pixel();
    const auto step_pixel = this->stepper();
    for_stateful_items(args, input_.shape.pixels(), channels,
                       [&](int lane, std::int64_t begin, std::int64_t end, ScratchMemory scratch) {
                         auto* values = scratch.take<float>(channels);
                         for (std::int64_t pixel = begin; pixel < end; ++pixel) {
                           step_pixel(args.state.real(lane) + pixel * channels,
                                      pixel_values(input_, args.inputs[0], lane, pixel, values),
                                      args.output.spikes(lane) + pixel * words);
                         }
                       });
  }

 private:
  using Pixels::input_;
};

/// One plane of up to 64 channels over some pixels, as vector kernels take it; strides in elements.
struct NeuronRows {
  std::int32_t* v;
  const std::int32_t* x;
  std::int64_t first_channel;
  std::uint64_t* spikes;
  std::int64_t pixels;
  std::int64_t channels;  ///< a multiple of 16
  std::int64_t v_stride, x_stride, spike_stride;
};

/// A spiking neuron of fixed arithmetic on the cpu, from a stored current or tile by tile behind a synapse.
/// `Rows` is a HostKernel with `input_`, `row_` potentials a pixel (a multiple of 16; those that only pad are
/// never above their threshold) and stepper(), which returns what steps NeuronRows.
template <class Rows>
class FixedNeuronCpu final : public Rows, public TileNeuron {
 public:
  using Rows::Rows;
  const TileNeuron* tile_neuron() const override { return this; }

  void step(const StepArgs& args) const override {
    const std::int64_t channels = input_.shape.channels;
    const std::int64_t words = input_.words_per_pixel();
    const auto step_rows = this->stepper();
    for_stateful_items(args, input_.shape.pixels(), channels,
                       [&](int lane, std::int64_t begin, std::int64_t end, ScratchMemory scratch) {
                         auto* padded = scratch.take<std::int32_t>(row_);
                         std::fill_n(padded, row_, 0);
                         for (std::int64_t pixel = begin; pixel < end; ++pixel) {
                           const std::int32_t* x =
                               pixel_integers(input_, args.inputs[0], lane, pixel, padded);
                           if (channels < row_ && x != padded) {
                             std::copy(x, x + channels, padded);
                             x = padded;
                           }
                           for (std::int64_t c = 0; c < row_; c += 64) {
                             step_rows({args.state.int32(lane) + pixel * row_ + c, x + c, c,
                                        args.output.spikes(lane) + pixel * words + c / 64, 1,
                                        std::min<std::int64_t>(64, row_ - c), 0, 0, 0});
                           }
                         }
                       });
  }

  void step_tile(const Tile& tile, const SignalView& state, const SignalView& output) const override {
    const std::int64_t words = input_.words_per_pixel();
    std::int32_t* v = state.int32(tile.lane) + tile.first_pixel * row_ + tile.first_channel;
    std::uint64_t* spikes = output.spikes(tile.lane) + tile.first_pixel * words + tile.first_channel / 64;
    const std::int64_t channels = std::min(tile.width, row_ - tile.first_channel);
    this->stepper()(
        {v, tile.currents, tile.first_channel, spikes, tile.pixels, channels, row_, tile.width, words});
  }

  void expect_tile(const Tile& tile, const SignalView& state) const override {
    const std::int32_t* v = state.int32(tile.lane) + tile.first_pixel * row_ + tile.first_channel;
    const std::int64_t channels = std::min(tile.width, row_ - tile.first_channel);
    for (std::int64_t p = 0; p < tile.pixels; ++p, v += row_) prefetch(v, channels * 4);
  }

 private:
  using Rows::input_;
  using Rows::row_;
};

}  // namespace rheobase
