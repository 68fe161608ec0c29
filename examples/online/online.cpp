// A stream of events on standard input, as they happen: decides the moment the network is sure.
//
//   online MODEL.h5 POLICY THRESHOLD [MILLISECONDS_A_STEP] < events.txt
//
// A line is an event: time in microseconds, x, y, and 1 where the pixel got brighter, 0 where darker; times
// do not fall. A line `end`, or the end of the input, ends a recording; the next line begins another.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "binarize/ops/register.h"
#include "neurons/register.h"
#include "sim/engine/engine.h"
#include "sim/format/model_file.h"
#include "sim/stop/stop_policy.h"

using namespace rheobase;

namespace {

class Decider {
 public:
  Decider(const std::string& model, const StopSettings& stop, double step_ms)
      : policy_(make_stop_policy(stop)), engine_(open(model)), step_ms_(step_ms) {}

  /// What happened `us` microseconds after the recording began; says so once it is decided.
  void event(double us, int x, int y, bool on) {
    const auto now = static_cast<std::int32_t>(us / 1000.0 / step_ms_) + 1;
    while (!decided_ && step_ < now - 1) step();  // those of which no event can come any more
    const Shape& shape = engine_.input_shape();
    if (x < 0 || y < 0 || x >= shape[2] || y >= shape[1])
      throw InputError("event", "", "is outside of the sensor");
    const std::int64_t place = ((on ? 1 : 0) * shape[1] + y) * shape[2] + x;
    if (!decided_) pending_.push_back({now, static_cast<std::int32_t>(place)});
  }

  void end() {
    if (!decided_ && !pending_.empty()) step();
    if (!decided_ && step_ > 0) say("at its end");
    step_ = 0;
    decided_ = false;
    pending_.clear();
  }

 private:
  static Engine open(const std::string& path) {
    Registry registry;
    register_structural_ops(registry);
    register_neurons(registry);
    register_binary_ops(registry);
    EngineOptions options;
    options.coding = Coding::events;
    return {read_model(path, registry.schemas()).graph, registry, options};
  }

  void step() {
    if (step_ == 0) {
      engine_.load(0, SampleView{}, recording_);
      memory_ = {};
    }
    ++step_;
    engine_.feed(0, pending_);
    pending_.clear();
    engine_.step();
    if (policy_.stop(engine_.logits(0), engine_.time(0), memory_)) say("sure");
  }

  void say(const char* why) {
    decided_ = true;
    std::printf("recording %llu: class %d after %.1f ms, %s\n", static_cast<unsigned long long>(recording_++),
                argmax(engine_.logits(0)), step_ * step_ms_, why);
    std::fflush(stdout);
  }

  StopPolicy policy_;
  Engine engine_;
  double step_ms_;
  StopMemory memory_;
  std::vector<InputEvent> pending_;  // of the step that is not over
  int step_ = 0;                     // steps taken
  bool decided_ = false;
  std::uint64_t recording_ = 0;
};

void run(int count, char** words) {
  if (count < 4)
    throw InputError("online", "", "takes MODEL.h5 POLICY THRESHOLD [MILLISECONDS_A_STEP] < events.txt");
  Decider decider(words[1], {words[2], 1.0, std::atof(words[3])}, count > 4 ? std::atof(words[4]) : 1.0);
  double begin = -1.0, us = 0.0;
  int x = 0, y = 0, on = 0;
  char line[256];
  while (std::fgets(line, sizeof line, stdin) != nullptr) {
    if (std::sscanf(line, "%lf %d %d %d", &us, &x, &y, &on) != 4) {
      decider.end();
      begin = -1.0;
      continue;
    }
    if (begin < 0.0) begin = us;
    decider.event(us - begin, x, y, on != 0);
  }
  decider.end();
}

}  // namespace

int main(int count, char** words) {
  try {
    run(count, words);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "online: %s\n", error.what());
    return 1;
  }
}
