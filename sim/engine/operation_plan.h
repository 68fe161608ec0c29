#pragma once

#include <cstdint>
#include <vector>

#include "sim/core/cost.h"
#include "sim/graph/op_schema.h"
#include "sim/op/signal.h"

namespace rheobase {

/// How far each value that a node with synapses reads leads: by channel, but for pixels near the edges of the
/// image, from which fewer weights lead on.
struct SynapseReader {
  /// Neighbouring pixels, in the order of signals.
  struct Run {
    std::int64_t first, pixels;
  };

  std::size_t synapse = 0;                ///< of CountedOperations::synapses
  std::vector<std::uint32_t> by_channel;  ///< non-zero weights that lead on, at most
  std::vector<Run> edges;
  /// How many fewer lead on from the values of the edges, one run after the other.
  std::vector<std::uint32_t> missing;
  /// The same for spikes, 64 numbers a word; empty where 16 bits are few.
  std::vector<std::uint16_t> missing_by_bit;
  std::uint16_t most_missing = 0;  ///< the largest of missing_by_bit
  std::uint64_t all = 0;           ///< the operations where no input is 0

  /// The non-zero weights that lead on from each value of a signal of this shape, pixel-major.
  std::vector<std::uint32_t> fan_out(const ImageShape& shape) const;
};

/// One node's output as it is counted.
struct CountedSignal {
  SignalSpec spec;
  bool neuron = false;
  bool output = false;  ///< the readout
  int one = 1;          ///< the number that stands for 1: 2^fraction_bits of an image in fixed arithmetic
  std::vector<SynapseReader> readers;

  bool is_seen() const { return output || neuron || !readers.empty(); }
};

/// What is counted of a network's signals, on every device.
struct OperationPlan {
  CountedOperations counted;
  std::vector<CountedSignal> signals;  ///< by node
  bool image_once = false;  ///< running values: what reads the image counts at the first step alone
};

/// `order` are the nodes of `graph` as they run, and `signals` what each emits.
OperationPlan plan_operations(const Graph& graph, const std::vector<Node>& order,
                              const std::vector<SignalSpec>& signals, const SchemaSet& schemas);

}  // namespace rheobase
