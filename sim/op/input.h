#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/op/kernel.h"

namespace rheobase {

/// How a sample enters the network.
///   direct   the normalised image at every step
///   poisson  at every step pixel x in [0, 1] is 1 with probability x, else 0, and is then normalised, so
///   that the
///            mean over steps is the image
///   events   at every step the number of events of that step at each place, not normalised
enum class Coding { direct, poisson, events };
/// By its name. Throws InputError naming the choices.
Coding parse_coding(const std::string& name);

/// Something happened at `place`, in C, H, W order, within step `step` = 1, 2, ...
struct InputEvent {
  std::int32_t step = 1;
  std::int32_t place = 0;
};

/// Events of a sample that are read while it runs: whoever runs it holds those of the steps at hand.
class EventStream {
 public:
  virtual ~EventStream() = default;
  /// Appends the events of all steps up to `step` that were not read before, in the order of their steps.
  /// Throws InputError where what they come from is no longer what it was.
  virtual void read(std::int64_t step, std::vector<InputEvent>& events) = 0;
};

/// One sample: an image in C, H, W order, not normalised, or events in the order of their steps. Not owned,
/// but for the stream.
struct SampleView {
  std::span<const float> pixels;
  std::span<const InputEvent> events;
  std::int64_t steps = 0;  ///< of a sample that is over by itself: how many it has; 0 for any number
  std::shared_ptr<EventStream> stream = nullptr;  ///< in place of events
};

/// What an encoder is made from; valid during the call.
struct InputContext {
  const Node& node;  ///< the graph's Input
  ImageShape shape;
  Arithmetic arithmetic = Arithmetic::float32;
  std::uint64_t seed = 0;  ///< of codings that draw
};

/// What the Input emits; constant where every step of a sample is alike. Throws InputError naming it for a
/// coding that it cannot have.
SignalSpec plan_input(const InputContext& context, Coding coding);

/// The largest magnitude of the input in fixed arithmetic.
inline constexpr std::int64_t largest_fixed_input = 32767;

using MakeInput = std::function<std::unique_ptr<Kernel>(const InputContext&)>;

/// The encoder of an Input on the reference or the cpu device.
class HostInput : public Kernel {
 public:
  /// Writes what the Input emits at `step` = 1, 2, ..., pixel-major, float32 or int16: (x - mean) / std, in
  /// fixed arithmetic times 2^fraction_bits, rounded to nearest, ties to even. `sample` is for random numbers
  /// and messages. Throws InputError naming the sample where a value leaves +-largest_fixed_input.
  virtual void encode(const SampleView& view, std::uint64_t sample, std::uint64_t step,
                      std::byte* out) const = 0;
};

}  // namespace rheobase
