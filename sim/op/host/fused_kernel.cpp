#include "sim/op/host/fused_kernel.h"

#include <algorithm>
#include <utility>

namespace rheobase {
namespace {

void add_stored(const Tile& tile, const SignalSpec& spec, const SignalView& view) {
  const std::int64_t channels = spec.shape.channels;
  const std::int32_t* x = view.int32(tile.lane) + tile.first_pixel * channels + tile.first_channel;
  for (std::int64_t p = 0; p < tile.pixels; ++p, x += channels) {
    std::int32_t* currents = tile.currents + p * tile.width;
    for (std::int64_t c = 0; c < tile.channels; ++c) currents[c] += x[c];
  }
}

std::unique_ptr<HostKernel> on_host(std::unique_ptr<Kernel> kernel) {
  auto* host = dynamic_cast<HostKernel*>(kernel.get());
  if (host != nullptr) static_cast<void>(kernel.release());
  return std::unique_ptr<HostKernel>(host);
}

class FusedKernel : public HostKernel {
 public:
  explicit FusedKernel(FusionParts parts)
      : source_(on_host(std::move(parts.source))), neuron_(on_host(std::move(parts.neuron))) {
    for (FusedAddend& addend : parts.addends)
      addends_.push_back({on_host(std::move(addend.kernel)), addend.output});
  }

  std::size_t scratch_bytes() const override { return source_->scratch_bytes(); }
  double dense_from() const override { return source_->dense_from(); }

  void step(const StepArgs& args) const override {
    source_->tile_source()->step_tiles(args, Sink(*this, args));
  }

 private:
  struct Addend {
    std::unique_ptr<HostKernel> kernel;  // none where its output is stored
    SignalSpec output;
  };
  class Sink : public TileSink {
   public:
    Sink(const FusedKernel& kernel, const StepArgs& args) : kernel_(kernel), args_(args) {}
    void take(const Tile& tile) const override {
      for (std::size_t i = 0; i < kernel_.addends_.size(); ++i) {
        const Addend& addend = kernel_.addends_[i];
        if (addend.kernel) {
          addend.kernel->tile_addend()->add_to(tile, args_.inputs[i + 1]);
        } else {
          add_stored(tile, addend.output, args_.inputs[i + 1]);
        }
      }
      kernel_.neuron_->tile_neuron()->step_tile(tile, args_.state, args_.output);
    }
    void expect(const Tile& tile) const override {
      kernel_.neuron_->tile_neuron()->expect_tile(tile, args_.state);
    }

   private:
    const FusedKernel& kernel_;
    const StepArgs& args_;
  };

  std::unique_ptr<HostKernel> source_;
  std::vector<Addend> addends_;
  std::unique_ptr<HostKernel> neuron_;
};

}  // namespace

std::unique_ptr<HostKernel> make_fused(FusionParts parts) {
  return std::make_unique<FusedKernel>(std::move(parts));
}

bool HostKernel::can_fuse(const Kernel& source, std::size_t /*addends*/) const {
  const auto* host = dynamic_cast<const HostKernel*>(&source);
  const TileSource* tiles = host != nullptr ? host->tile_source() : nullptr;
  return tile_neuron() != nullptr && tiles != nullptr && tiles->sends_reals() == tile_neuron()->takes_reals();
}

std::unique_ptr<Kernel> HostKernel::fused(FusionParts parts) const { return make_fused(std::move(parts)); }

}  // namespace rheobase
