#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/op/registry.h"

namespace rheobase {

/// How a sample's pixels enter the network. direct: the normalised image at every step. poisson: at every
/// step pixel x in [0, 1] is 1 with probability x, else 0, and is then normalised, so that the mean over
/// steps is the image.
enum class Coding { direct, poisson };
Coding parse_coding(const std::string& name);

struct EngineOptions {
  DeviceKind device = DeviceKind::cpu;
  int slots = 1;    ///< samples held at once, 1 or more
  int threads = 0;  ///< 0: one per hardware thread
  Coding coding = Coding::direct;
  std::uint64_t seed = 0;  ///< of poisson coding
  bool hash = false;       ///< compute spike hashes
};

/// A node whose output is spikes.
struct SpikingNode {
  std::string name;
  std::int64_t neurons = 0;
};

/// Sees every node's output as it is computed (metrics, recording). Called on the thread that calls
/// Engine::step().
class SignalProbe {
 public:
  virtual ~SignalProbe() = default;
  /// `node` indexes Engine::nodes(); `slots` were just advanced and `view` holds their outputs.
  virtual void on_signal(int node, const SignalSpec& spec, const SignalView& view,
                         std::span<const int> slots) = 0;
};

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
  /// The nodes in the order they run; hash terms and probes use these indices.
  const std::vector<Node>& nodes() const;
  const std::vector<SpikingNode>& spiking_nodes() const;
  /// Bytes of state and signals of one slot, and of the weights as the kernels hold them.
  std::size_t bytes_per_slot() const;

  /// Puts a sample into a free slot: state to v_init, t = 0. `pixels` in C, H, W order, not yet normalised;
  /// `sample` identifies it for random numbers and hashes.
  void load(int slot, std::span<const float> pixels, std::uint64_t sample);
  /// Advances every occupied slot by one step.
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

  /// nullptr for none. The probe must outlive its use.
  void set_probe(SignalProbe* probe);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rheobase
