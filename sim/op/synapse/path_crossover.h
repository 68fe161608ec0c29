#pragma once

#include <functional>

#include "sim/op/host/host_kernel.h"
#include "sim/op/synapse/conv2d_plan.h"

namespace rheobase {

/// Takes one path over some positions of a signal of one lane, lane 0.
using RunPath = std::function<void(SynapsePath path, const SignalView& input)>;

/// Density of events from which the dense path of a synapse over spikes, of one sign or two, or over small
/// counts is the faster one, 0.01 to 1: measured on random signals, once in a program for each geometry, in
/// about a millisecond, since it depends on the processor's vector instructions, on how many channels share
/// the listing of an event, and on how many taps list it. Decides about time only.
double path_crossover(const Conv2dGeometry& geometry, const RunPath& run);

}  // namespace rheobase
