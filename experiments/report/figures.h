#pragma once

#include <string>
#include <utility>
#include <vector>

#include "experiments/report/figure.h"
#include "experiments/simulation/raster.h"
#include "experiments/sweep/sweep_points.h"

namespace rheobase {

/// How a stop rule is named in figures: `margin by step, alpha 2`; several alphas of a policy are several
/// series.
std::string series_name(const SweepPoint& point);

/// Of every policy and alpha the rule with the fewest steps that loses at most `max_loss` against reading
/// every sample after T steps; indices into `points`, which are of one budget. A policy without such a rule
/// is left out.
std::vector<int> chosen_rules(const std::vector<SweepPoint>& points, double max_loss);

/// Accuracy against mean steps: fixed times, all rules, both oracles, with their intervals.
Figure accuracy_figure(const std::vector<SweepPoint>& points);
/// How many samples end at each step, under the rules `chosen`.
Figure exits_figure(const std::vector<SweepPoint>& points, const std::vector<int>& chosen);
/// Accuracy if no sample may run longer than d steps, against d, and that of reading all of them at d.
Figure deadline_figure(const std::vector<SweepPoint>& points, const std::vector<int>& chosen);

/// Spikes per neuron and step of every spiking layer, on average over samples and steps.
Figure firing_rate_figure(const Recording& recording);
/// Effective operations per sample of every layer of synapses over all steps, beside one dense pass; empty
/// where the recording does not hold them.
Figure operations_figure(const Recording& recording);
/// Confidence against accuracy at up to four steps, softmax(sum / alpha).
Figure reliability_figure(const Recording& recording, double alpha);
/// Spikes of one sample, layer above layer.
Figure raster_figure(const Raster& raster);

/// What the best rule of each cell comes to: one line a cell, over all of its rules.
Figure overview_figure(const std::vector<std::pair<std::string, std::vector<SweepPoint>>>& cells);

}  // namespace rheobase
