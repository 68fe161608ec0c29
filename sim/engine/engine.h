#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/core/cost.h"
#include "sim/engine/signal_tap.h"
#include "sim/op/host/host_kernel.h"
#include "sim/op/registry.h"
#include "sim/stop/stop_rule.h"

namespace rheobase {

/// Which path synapses that read spikes take; the results do not depend on it. automatic: for each synapse
/// the faster one at the density measured while running.
enum class KernelChoice { automatic, event, dense };
KernelChoice parse_kernel_choice(const std::string& name);

struct EngineOptions {
  DeviceKind device = DeviceKind::cpu;
  int slots = 1;    ///< samples held at once, 1 or more
  int threads = 0;  ///< 0: usable_cpus()
  Coding coding = Coding::direct;
  std::uint64_t seed = 0;  ///< of poisson coding
  bool hash = false;       ///< compute spike hashes
  bool costs = false;      ///< count operations (SampleResult::cost)
  bool fuse = true;        ///< false: every node stores its output, so that a tap sees currents too
  /// Steps of a sample computed at once, 1 to max_lanes_per_slot: weights and potentials are read once for
  /// all. What lies beyond the step at which a sample is released is lost. The results do not depend on it. A
  /// recurrent network takes 1, and so does the device cuda.
  int lookahead = 1;
  KernelChoice kernels = KernelChoice::automatic;
  std::size_t slot_memory = 0;  ///< not 0: fewer slots, one at least, where they take more bytes
  int gpu = 0;                  ///< of device cuda: which one
  /// Logits add up the steps behind the first so many; until then they are the sums so far. 0 for a network
  /// of running values.
  int readout_delay = 0;
};

/// How a synapse that reads spikes has run so far.
struct SynapseUse {
  std::string name;          ///< of the node; of the neuron where the two run as one
  double density = 0.0;      ///< spikes a step by its inputs; above 1 where pooled spikes are counts
  double dense_from = 0.0;   ///< density from which on the dense path is taken
  double dense_share = 0.0;  ///< share of the image-steps that took it
};

/// A node whose output is spikes.
struct SpikingNode {
  std::string name;
  std::int64_t neurons = 0;
};

/// What is known of a sample when it ends. The spans are valid during the call only.
struct SampleResult {
  std::int64_t sample = 0;                      ///< index in the source
  int steps = 0;                                ///< exit time, 1..budget
  bool stopped = false;                         ///< by the policy, before the budget or the sample ran out
  std::span<const float> logits_by_step;        ///< [steps][K], accumulated
  std::span<const std::uint64_t> spike_counts;  ///< per spiking node, over all its steps
  std::uint64_t spike_hash = 0;
  SampleCost cost = {};  ///< nothing unless EngineOptions::costs
};

/// Hands out the next sample: true, the view, valid until the next call, and the sample's id; false after the
/// last.
using SampleFeed = std::function<bool(SampleView& view, std::uint64_t& sample)>;

/// Owns the state of `slots` samples and advances them together, each at its own time. A sample's spikes and
/// logits depend on its pixels, its id and the step only: not on slot, slot count, threads, neighbours or
/// order.
class Engine {
 public:
  /// Plans shapes, buffers and kernels. Throws InputError if the graph is not sound or an op has no kernel on
  /// the device.
  Engine(const Graph& graph, const Registry& registry, const EngineOptions& options);
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  int slots() const;
  int classes() const;  ///< K, the length of logits()
  const Shape& input_shape() const;
  /// The nodes in the order they run; hash terms and taps use these indices.
  const std::vector<Node>& nodes() const;
  const std::vector<SpikingNode>& spiking_nodes() const;
  /// What node `index` of nodes() emits.
  const SignalSpec& signal(int index) const;
  /// False for a node that is computed within a later one: no tap sees it.
  bool is_stored(int index) const;
  Arithmetic arithmetic() const;
  int lookahead() const;
  /// Bytes of state and signals of one slot.
  std::size_t bytes_per_slot() const;
  /// Steps that a sample may run without overflow in fixed arithmetic, and the neuron that limits them.
  std::int64_t max_steps() const;
  const std::string& max_steps_node() const;
  std::vector<SynapseUse> synapses() const;

  /// Puts a sample into a free slot: state to v_init, t = 0. `sample` identifies it for random numbers and
  /// hashes. No more than `steps` steps will be asked for. Throws InputError naming the sample where it is
  /// not of input_shape() or not what the engine's coding reads.
  void load(int slot, const SampleView& view, std::uint64_t sample, std::int64_t steps = unlimited);
  /// The same for an image: C, H, W order, not yet normalised.
  void load(int slot, std::span<const float> pixels, std::uint64_t sample, std::int64_t steps = unlimited) {
    load(slot, SampleView{pixels, {}}, sample, steps);
  }
  /// More of the events of a sample that is loaded, in the order of their steps, none of a step that was
  /// taken: for streams that are not over. Takes coding `events` and lookahead 1. Throws InputError where
  /// they do not fit.
  void feed(int slot, std::span<const InputEvent> events);
  static constexpr std::int64_t unlimited = std::int64_t{1} << 40;
  /// Advances every occupied slot by one step. Allocates no memory. Throws InputError where fixed arithmetic
  /// could not go on; slots whose step was not computed because of that are released.
  void step();
  void release(int slot);

  bool occupied(int slot) const;
  int time(int slot) const;  ///< steps since load()
  /// Logits accumulated over the steps so far.
  std::span<const float> logits(int slot) const;
  /// Spikes since load() of each spiking node.
  std::span<const std::uint64_t> spike_counts(int slot) const;
  /// Sum of the spike hash terms since load(); 0 unless EngineOptions::hash.
  std::uint64_t spike_hash(int slot) const;

  /// nullptr for none. The tap must outlive its use.
  void set_tap(SignalTap* tap);
  /// What costs are counted of; nothing unless EngineOptions::costs.
  const CountedOperations& counted_operations() const;
  /// Runs all samples of `feed` through the slots, emptied before and after, `steps` steps each (1 to
  /// max_steps(), and more than the readout delay, which is the rule's too, else InputError) or fewer where
  /// `rule` ends them; `finished` sees each as it ends, and may throw to end the run. Returns the image-steps
  /// simulated. run_samples() (runner.h) reads from a source.
  std::int64_t stream(const SampleFeed& feed, const StopRule& rule, int steps,
                      const std::function<void(const SampleResult&)>& finished);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rheobase
