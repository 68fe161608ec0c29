#include "binarize/ops/bit_density.h"

#include <vector>

#include "binarize/ops/bit_planes.h"
#include "sim/op/host/path_timing.h"

namespace rheobase {
namespace {

double seconds_of_bits() {
  const BitCoding coding{preferred_count_method(), BitInput::spikes, sample_rows};
  const BitWeights weights({sample_width, sample_rows}, Signs(sample_width * sample_rows));
  const BitPlanes planes(weights, coding);
  const std::vector<std::uint64_t> words((sample_rows + 63) / 64, 0x5555555555555555U);
  std::vector<std::byte> codes(static_cast<std::size_t>(coding.pixel_bytes() + BitCoding::slack_bytes));
  encode_bits(coding, words.data(), 1, codes.data());
  const std::vector<const std::byte*> pixels(sample_positions, codes.data());
  const std::vector<std::int32_t> start(sample_positions, 0);
  std::vector<std::int32_t> sums(sample_positions * sample_width);
  const CodeRun run{0, coding.steps()};
  return best_seconds([&] {
    sum_bits(coding, planes.plane(0), {&run, 1}, {pixels.data(), start.data(), sums.data()},
             sample_positions);
  });
}

}  // namespace

double bit_density() {
  static const double density = std::clamp(0.5 * seconds_of_bits() / seconds_of_half_events(), 0.02, 1.0);
  return density;
}

}  // namespace rheobase
