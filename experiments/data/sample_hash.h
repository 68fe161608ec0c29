#pragma once

// Which samples these are, whatever file, format, order or spelling they come in.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "experiments/data/data_set.h"

namespace rheobase {

/// 64 bits of a sample: its label and the float32 values that a network would be given, before normalisation,
/// in C, H, W order; -0 counts as 0. Equal samples have equal hashes however they are stored. Two others
/// have with a chance of 2^-64, so among 60,000 and 10,000 samples one pair agrees by chance once in 3 *
/// 10^10 such sets. It is no defence against samples made to collide.
std::uint64_t sample_hash(std::span<const float> pixels, int label);
/// The same of events: their steps and places in any order, and how many steps there are.
std::uint64_t sample_hash(std::span<const InputEvent> events, std::int64_t steps, int label);
/// The same of a sample of events, whose stream, if it has one, is then read to its end.
std::uint64_t sample_hash(Sample& sample, int label);

/// Those of `count` samples from `first` on, in this order. Reads every one of them.
std::vector<std::uint64_t> sample_hashes(const DataSet& data, std::int64_t first, std::int64_t count);

/// SHA-256 over the shape of the samples and their hashes in order: what a simulation of them depends on.
std::string samples_sha256(const Shape& shape, std::span<const std::uint64_t> hashes);

/// Those of some samples that are among others.
struct SampleOverlap {
  std::int64_t count = 0;
  std::int64_t first = -1;  ///< position of the first of them, -1 for none
  std::int64_t last = -1;

  bool operator==(const SampleOverlap&) const = default;
};

/// `known` ascending.
SampleOverlap overlap_of(std::span<const std::uint64_t> hashes, std::span<const std::uint64_t> known);

/// More than one sample in a hundred: what duplicates inside a real data set do not come to (docs/reference/
/// data.md), and what no result may be judged on.
bool is_too_much(const SampleOverlap& overlap, std::size_t samples);

}  // namespace rheobase
