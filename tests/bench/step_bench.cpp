// One sample after the other through Engine::step(), as python_versus_cpp.py does it in Python: prints the
// processor seconds of each round.
//
// usage: step_bench MODEL.h5 IMAGE.f32 THREADS STEPS SAMPLES ROUNDS
// IMAGE.f32: the pixels, as they lie in memory
#include <fmt/format.h>

#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "experiments/library/registry.h"
#include "sim/core/file.h"
#include "sim/engine/engine.h"
#include "sim/format/model_file.h"

namespace {

std::vector<float> read_pixels(const std::string& path) {
  const std::string bytes = rheobase::read_file(path);
  std::vector<float> pixels(bytes.size() / sizeof(float));
  std::memcpy(pixels.data(), bytes.data(), pixels.size() * sizeof(float));
  return pixels;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  const rheobase::Registry registry = rheobase::full_registry();
  const rheobase::Model model = rheobase::read_model(argv[1], registry.schemas());
  const std::vector<float> pixels = read_pixels(argv[2]);
  rheobase::EngineOptions options;
  options.threads = std::stoi(argv[3]);
  const int steps = std::stoi(argv[4]), samples = std::stoi(argv[5]), rounds = std::stoi(argv[6]);
  rheobase::Engine engine(model.graph, registry, options);
  float sum = 0.0F;  // so that logits are read
  for (int round = 0; round < rounds; ++round) {
    const std::clock_t start = std::clock();
    for (int sample = 0; sample < samples; ++sample) {
      engine.load(0, pixels, static_cast<std::uint64_t>(sample));
      for (int step = 0; step < steps; ++step) {
        engine.step();
        const std::vector<float> logits(engine.logits(0).begin(), engine.logits(0).end());
        sum += logits.front();
      }
      engine.release(0);
    }
    fmt::print("{}\n", static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  return sum == sum ? 0 : 1;
}
