#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "sim/engine/engine.h"
#include "sim/format/recording_file.h"
#include "sim/graph/graph.h"

namespace rheobase {

/// NeuroBench's keys (version 2.3.0), per sample and averaged over samples; a sample that stops early counts
/// the steps it ran.
struct SynapticOperations {
  double effective_macs = 0.0;
  double effective_acs = 0.0;
  double dense = 0.0;
};

/// Bytes of the parameters and buffers of all nodes but Input, whose normalisation is preprocessing: 4 a
/// number, 1 for the weights of synapses in fixed arithmetic.
std::uint64_t footprint_bytes(const Graph& graph);
/// Share of zeros among the weights of Conv2d and Linear nodes, biases not counted; 0 without weights.
double connection_sparsity(const Graph& graph);

/// Energy of one operation on 32-bit floats in 45 nm (Horowitz, ISSCC 2014): arithmetic only.
inline constexpr double energy_per_mac_pj = 4.6;
inline constexpr double energy_per_ac_pj = 0.9;
inline double energy_pj(const SynapticOperations& operations) {
  return energy_per_mac_pj * operations.effective_macs + energy_per_ac_pj * operations.effective_acs;
}

/// Counts operations and activations of a run by NeuroBench's rules, one call of a layer being one sample's
/// step. An operation is a non-zero input times a non-zero weight; a call counts as ACs if every input is -1,
/// 0 or 1, else as MACs. Spikes are judged as stored, without their height, which is folded into the weights:
/// ACs. Numbers of fixed arithmetic are judged as stored too, but for the image's, judged as its pixels. A
/// layer that reads the constant image counts at every step, as NeuroBench has it, although the engine
/// computes it once a sample. A network without state is evaluated, and counts, once a sample.
class NeuroBenchProbe : public SignalProbe {
 public:
  /// `order` is Engine::nodes() of an engine with `slots` and `lookahead` that is made from `graph`, which
  /// must outlive the probe.
  NeuroBenchProbe(const Graph& graph, const std::vector<Node>& order, int slots, int lookahead);

  void begin(std::span<const int> lanes) override;
  void on_signal(int node, const SignalSpec& spec, const SignalView& view, int lane) override;
  void taken(int lane) override;

  /// What each step took of the sample that is in a slot; spikes are non-zero outputs of neurons. Forgotten
  /// by reset().
  std::span<const StepCost> step_costs(int slot) const { return steps_.at(slot); }
  /// What each Conv2d or Linear node of the graph, in its order, took of the sample in a slot.
  std::span<const SynapseCost> synapse_costs(int slot) const { return samples_.at(slot); }
  /// Another sample is about to enter the slot.
  void reset(int slot);

  SynapticOperations synaptic_operations(std::int64_t samples) const;
  /// Share of zeros among the outputs of all neurons over all steps and samples; 0 without neurons.
  double activation_sparsity() const;

 private:
  struct Work {
    std::uint64_t macs = 0, acs = 0, dense = 0, active = 0, activations = 0;
    std::vector<SynapseCost> synapses;  // macs and acs by synapse

    void clear(std::size_t synapse_count);
    Work& operator+=(const Work& other);
  };
  // A Conv2d or Linear node, and how far each value that it reads leads.
  struct Reader {
    const Node* node = nullptr;
    std::size_t synapse = 0;
    std::vector<std::uint32_t> fan_out;  // pixel-major
    std::vector<std::uint16_t> by_bit;  // the same for spikes, 64 numbers a word; empty where 16 bits are few
    std::uint16_t most = 0;             // the largest of by_bit
    std::uint64_t dense = 0;
    std::uint64_t all = 0;  // sum of fan_out: the operations where no input is 0

    void prepare(const SignalSpec& spec);
  };
  // One node's output as its readers see it.
  struct Signal {
    bool neuron = false;
    bool output = false;
    int one = 1;  // the number that stands for 1: 2^fraction_bits of an image in fixed arithmetic
    std::vector<Reader> readers;
    std::once_flag prepared;
    std::vector<Work> constant;  // by slot: of one step, for a signal that does not change with it
  };
  struct Lane {
    Work work;               // of the signals that change
    bool evaluated = false;  // the readout was computed
  };

  static void measure(const Signal& signal, const SignalSpec& spec, const SignalView& view, int lane,
                      Work& work);

  int lookahead_;
  std::vector<Signal> signals_;  // by node
  std::vector<Lane> lanes_;
  std::size_t synapses_ = 0;                       // how many
  std::vector<std::vector<StepCost>> steps_;       // by slot
  std::vector<std::vector<SynapseCost>> samples_;  // by slot
  Work total_;
};

}  // namespace rheobase
