// A step allocates nothing: operator new is counted in this program.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "sim/engine/engine.h"
#include "tests/support/build_graph.h"
#include "tests/support/fixed_graph.h"

namespace {
std::atomic<long> allocations{0};

void* counted(std::size_t bytes, std::size_t alignment) {
  ++allocations;
  const std::size_t whole = (bytes + alignment - 1) / alignment * alignment;
  if (void* memory = std::aligned_alloc(alignment, whole == 0 ? alignment : whole)) return memory;
  throw std::bad_alloc();
}
}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes, alignof(std::max_align_t)); }
void* operator new[](std::size_t bytes) { return counted(bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace rheobase {
namespace {

using testing::GraphBuilder;

// Every kind of node that a converted network has, max pools, rearrangements and leftover Affine nodes
// included.
Graph network_of_many_ops() {
  GraphBuilder b(3);
  const std::string stem = b.if_neuron(b.conv2d(b.input({3, 8, 8}), {.outputs = 20, .inputs = 3}), 0.7F);
  const std::string most =
      b.add({"", "MaxPool2d", {stem}, {{"kernel", std::vector<std::int64_t>{2, 2}}}, {}});
  const std::string scaled =
      b.add({"", "Affine", {most}, {}, {{"scale", b.tensor({20})}, {"shift", b.tensor({1})}}});
  const std::string join = b.op("Add", {b.conv2d(most, {.outputs = 20, .inputs = 20, .groups = 2}), scaled});
  const std::string pooled = b.avg_pool(b.if_neuron(join, 0.8F), 2);
  const std::string conv = b.if_neuron(b.conv2d(pooled, {.outputs = 70, .inputs = 20}), 0.8F);
  b.output(b.linear(b.op("Flatten", {conv}), 70 * 9, 5));
  return std::move(b.graph);
}

long allocations_of_steps(const Graph& graph, EngineOptions options) {
  options.slots = 3;
  Engine engine(graph, testing::full_registry(), options);
  const std::vector<float> pixels = GraphBuilder(1).pixels(element_count(engine.input_shape()));
  for (int slot = 0; slot < options.slots; ++slot) engine.load(slot, pixels, 0);
  const long before = allocations;
  for (int t = 0; t < 6; ++t) engine.step();
  const long during = allocations - before;
  EXPECT_GT(engine.spike_counts(0)[0], 0U);
  return during;
}

TEST(Allocation, TheCounterCounts) {
  const long before = allocations;
  const auto memory = std::make_unique<int>(1);
  EXPECT_EQ(allocations - before, 1) << *memory;
}

TEST(Allocation, AStepAllocatesNothing) {
  const Graph real = network_of_many_ops();
  for (const Graph& graph : {real, testing::with_integers(real)}) {
    for (const KernelChoice kernels : {KernelChoice::event, KernelChoice::dense}) {
      for (const Coding coding : {Coding::direct, Coding::poisson}) {
        EngineOptions options;
        options.kernels = kernels;
        options.coding = coding;
        options.hash = true;
        for (const int threads : {1, 2}) {
          for (const int lookahead : {1, 4}) {
            options.threads = threads;
            options.lookahead = lookahead;
            EXPECT_EQ(allocations_of_steps(graph, options), 0)
                << to_string(arithmetic_of(graph)) << ", threads " << threads << ", lookahead " << lookahead;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace rheobase
