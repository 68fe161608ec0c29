#include "sim/engine/host/path_choice.h"

namespace rheobase {

namespace {

constexpr double margin = 0.1;  // of the crossover, either way
constexpr double memory = 0.5;  // weight of what was seen before

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

PathChoice::PathChoice(double dense_from, KernelChoice forced)
    : dense_from_(dense_from),
      forced_(forced),
      path_(forced == KernelChoice::dense ? SynapsePath::dense : SynapsePath::event) {}

double PathChoice::mean_density() const { return share(spikes_, inputs_); }
double PathChoice::dense_share() const { return share(dense_lanes_, lanes_); }

void PathChoice::observe(std::uint64_t spikes, std::uint64_t inputs, std::uint64_t lanes) {
  spikes_ += spikes;
  inputs_ += inputs;
  lanes_ += lanes;
  if (path_ == SynapsePath::dense) dense_lanes_ += lanes;
  const double seen = share(spikes, inputs);
  running_density_ = running_density_ < 0.0 ? seen : memory * running_density_ + (1.0 - memory) * seen;
  if (forced_ != KernelChoice::automatic) return;
  if (running_density_ > dense_from_ * (1.0 + margin)) path_ = SynapsePath::dense;
  if (running_density_ < dense_from_ * (1.0 - margin)) path_ = SynapsePath::event;
}

}  // namespace rheobase
