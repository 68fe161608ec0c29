// What reference and CUDA kernels share must compile for a GPU, whoever last changed it. One kernel a
// function that has arithmetic of floats, so that lint.shared_equations can look at what nvcc makes of it.
#include "neurons/burst_lif_step.h"
#include "neurons/general_lif_step.h"
#include "neurons/if_step.h"
#include "neurons/lif_step.h"
#include "neurons/qcfs_step.h"
#include "neurons/sign_step.h"
#include "sim/core/rng.h"
#include "sim/engine/readout_step.h"
#include "sim/op/signal.h"
#include "sim/stop/stop_rule.h"

namespace rheobase {

extern "C" __global__ void qcfs(float* values) { values[0] = qcfs_step(values[1], values[2], values[3]); }

extern "C" __global__ void if_float(float* values, Reset reset) {
  values[0] += if_step(values[1], values[2], values[3], reset, values[4]) ? sign_step(values[5]) : 0.0F;
}

extern "C" __global__ void if_fixed(std::int32_t* values, Reset reset) {
  values[0] += if_step(values[1], values[2], values[3], reset, values[4]) ? 1 : 0;
}

extern "C" __global__ void lif_float(float* values, LifNeuron<float> neuron, Reset reset) {
  values[0] += lif_step(values[1], values[2], neuron, reset) ? 1.0F : 0.0F;
}

extern "C" __global__ void lif_fixed(std::int32_t* values, LifNeuron<std::int32_t> neuron, Reset reset) {
  values[0] += lif_step(values[1], values[2], neuron, reset) ? 1 : 0;
}

extern "C" __global__ void general_lif_float(float* values, GeneralLifNeuron<float> neuron,
                                             GeneralLifRule rule) {
  values[0] += general_lif_step(values[1], values[2], neuron, rule) ? 1.0F : 0.0F;
}

extern "C" __global__ void general_lif_fixed(std::int32_t* values, GeneralLifNeuron<std::int32_t> neuron,
                                             GeneralLifRule rule) {
  values[0] += general_lif_step(values[1], values[2], neuron, rule) ? 1 : 0;
}

extern "C" __global__ void burst_lif_fixed(std::int32_t* values, BurstLifNeuron<std::int32_t> neuron) {
  values[0] += burst_lif_step(values[1], values[2], neuron);
}

extern "C" __global__ void stop_scores(float* scores, const float* sums, int count) {
  scores[0] = max_softmax(sums, count, 0.5F);
  scores[1] = softmax_doubt(sums, count, 0.5F);
  scores[2] = logit_margin(sums, count, 0.5F);
  scores[3] = normalised_entropy(sums, count, 0.5F);
}

extern "C" __global__ void stop_rule(StopRule rule, const float* sums, int count, int t, StopMemory* memory,
                                     bool* done) {
  done[0] = stops(rule, sums, count, t, memory[0]);
}

extern "C" __global__ void readout(float* logits, const std::int64_t* sums, const double* units) {
  logits[0] = logit_of(sums[0], units[0], 0.0, 1.0);
}

// Of one lane: a Poisson pixel, and the spikes of a word into the run's hash.
extern "C" __global__ void signals(SignalView pixels, SignalView spikes, SignalView counts, int lane,
                                   std::uint64_t* hash) {
  const std::uint64_t prefix = spike_hash_prefix(hash[1], hash[2], hash[3]);
  for (int channel = 0; channel < 64; ++channel)
    if (spikes.spikes(lane)[0] >> channel & 1U) hash[0] += spike_hash_term(prefix, channel, 1);
  counts.int16(lane)[0] = uniform(hash[4], hash[1], hash[2], 0) < pixels.real(lane)[0] ? 1 : 0;
  counts.int32(lane)[1] = counts.int16(lane)[0];
}

}  // namespace rheobase
