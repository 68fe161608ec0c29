#include "binarize/train/dense_convolution.h"

#include <algorithm>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>
#include <vector>

#include "sim/core/error.h"

// Of the OpenMP runtime that oneDNN is built with, libgomp; a compiler's <omp.h> may stand for another one.
extern "C" void omp_set_num_threads(int);

namespace rheobase {
namespace {

using dnnl::memory;
using Args = std::unordered_map<int, memory>;
constexpr auto f32 = memory::data_type::f32;

const dnnl::engine& cpu() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

// Threads are ours: a call of the library may not start its own. The setting belongs to the calling thread.
void use_this_thread_only() { omp_set_num_threads(1); }

template <class Make>
auto guarded(const Make& make) {
  try {
    return make();
  } catch (const dnnl::error& error) {
    throw InternalError(std::string("convolution: ") + error.what());
  }
}

memory wrap(const memory::desc& desc, const float* data) {
  // The handles of the library have no const; what is an input is only read.
  return {desc, cpu(), const_cast<float*>(data)};
}

void run(const dnnl::primitive& primitive, const Args& args) {
  use_this_thread_only();
  dnnl::stream stream(cpu());
  primitive.execute(stream, args);
  stream.wait();
}

void reorder(const memory& from, const memory& to) {
  use_this_thread_only();
  dnnl::stream stream(cpu());
  dnnl::reorder(from, to).execute(stream, {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
  stream.wait();
}

std::vector<float> room_for(const memory::desc& desc) {
  return std::vector<float>((desc.get_size() + sizeof(float) - 1) / sizeof(float));
}

// The geometry as the library wants it.
struct Geometry {
  explicit Geometry(const DenseConvolution::Plan& plan) {
    const Window& window = plan.attributes.window;
    const std::int64_t groups = plan.attributes.groups;
    x = {{plan.samples, plan.input.channels, plan.input.height, plan.input.width},
         f32,
         memory::format_tag::nhwc};
    y = {{plan.samples, plan.output.channels, plan.output.height, plan.output.width},
         f32,
         memory::format_tag::nhwc};
    memory::dims extents{plan.output.channels, plan.input.channels / groups, window.kernel[0],
                         window.kernel[1]};
    plain = {extents, f32, memory::format_tag::oihw};
    weights = {extents, f32, memory::format_tag::any};
    if (groups > 1) {
      extents[0] /= groups;
      extents.insert(extents.begin(), groups);
      plain = {extents, f32, memory::format_tag::goihw};
      weights = {extents, f32, memory::format_tag::any};
    }
    strides = {window.stride[0], window.stride[1]};
    dilates = {window.dilation[0] - 1, window.dilation[1] - 1};
    before = {window.padding[0], window.padding[1]};
    after = {window.padding[2], window.padding[3]};
  }

  memory::desc x, y, plain, weights;
  memory::dims strides, dilates, before, after;
};

using Forward = dnnl::convolution_forward;
using BackwardInput = dnnl::convolution_backward_data;
using BackwardWeights = dnnl::convolution_backward_weights;

dnnl::primitive_attr own_scratch() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

constexpr auto direct = dnnl::algorithm::convolution_direct;
constexpr auto training = dnnl::prop_kind::forward_training;

// oneDNN 3 describes a primitive in one call where version 2 took a description of the operation first.
#if DNNL_VERSION_MAJOR >= 3
Forward::primitive_desc describe_forward(const Geometry& g) {
  return {cpu(),     training,  direct,   g.x,     g.weights,    g.y,
          g.strides, g.dilates, g.before, g.after, own_scratch()};
}

template <class Backward>
typename Backward::primitive_desc describe_backward(const Geometry& g, const Forward::primitive_desc& hint) {
  return {cpu(), direct, g.x, g.weights, g.y, g.strides, g.dilates, g.before, g.after, hint, own_scratch()};
}
#else
Forward::primitive_desc describe_forward(const Geometry& g) {
  return {
      {training, direct, g.x, g.weights, g.y, g.strides, g.dilates, g.before, g.after}, own_scratch(), cpu()};
}

template <class Backward>
typename Backward::primitive_desc describe_backward(const Geometry& g, const Forward::primitive_desc& hint) {
  return {{direct, g.x, g.weights, g.y, g.strides, g.dilates, g.before, g.after}, own_scratch(), cpu(), hint};
}
#endif

}  // namespace

// A primitive of the library with what a call needs besides the caller's arrays.
template <class Primitive>
struct Pass {
  Pass(typename Primitive::primitive_desc description, const memory::desc& weights_layout,
       std::int64_t shards)
      : primitive(description),
        layout(weights_layout),
        weights(room_for(layout)),
        scratch_layout(description.scratchpad_desc()),
        scratch(shards, room_for(scratch_layout)) {}

  memory scratch_of(std::int64_t shard) const { return wrap(scratch_layout, scratch.at(shard).data()); }

  Primitive primitive;
  memory::desc layout;         ///< of the weights
  std::vector<float> weights;  ///< as the pass reads them; the weights' pass: one shard's gradient
  memory::desc scratch_layout;
  std::vector<std::vector<float>> scratch;
};

struct DenseConvolution::Impl {
  explicit Impl(const Plan& plan)
      : Impl(plan, Geometry(plan), (use_this_thread_only(), describe_forward(Geometry(plan)))) {}

  Impl(const Plan& plan, const Geometry& g, const Forward::primitive_desc& hint)
      : geometry(g),
        forward(hint, hint.weights_desc(), plan.shards),
        weight_pass(describe_backward<BackwardWeights>(g, hint), plan.shards) {
    if (!plan.input_gradient) return;
    const auto description = describe_backward<BackwardInput>(g, hint);
    backward.emplace_back(description, description.weights_desc(), plan.shards);
  }

  struct WeightPass : Pass<BackwardWeights> {
    WeightPass(const BackwardWeights::primitive_desc& description, std::int64_t shards)
        : Pass(description, description.diff_weights_desc(), shards), shares(shards, weights) {}
    std::vector<std::vector<float>> shares;
  };

  Geometry geometry;
  Pass<Forward> forward;
  std::vector<Pass<BackwardInput>> backward;  ///< one or none
  WeightPass weight_pass;
};

DenseConvolution::DenseConvolution(const Plan& plan)
    : impl_(guarded([&] { return std::make_unique<Impl>(plan); })) {}

DenseConvolution::~DenseConvolution() = default;

void DenseConvolution::set_weights(const float* weights, bool training) {
  guarded([&] {
    const memory plain = wrap(impl_->geometry.plain, weights);
    reorder(plain, wrap(impl_->forward.layout, impl_->forward.weights.data()));
    if (!training) return;
    for (auto& pass : impl_->backward) reorder(plain, wrap(pass.layout, pass.weights.data()));
  });
}

void DenseConvolution::forward(std::int64_t shard, const float* x, float* y) const {
  const auto& pass = impl_->forward;
  guarded([&] {
    run(pass.primitive, {{DNNL_ARG_SRC, wrap(impl_->geometry.x, x)},
                         {DNNL_ARG_WEIGHTS, wrap(pass.layout, pass.weights.data())},
                         {DNNL_ARG_DST, wrap(impl_->geometry.y, y)},
                         {DNNL_ARG_SCRATCHPAD, pass.scratch_of(shard)}});
  });
}

void DenseConvolution::backward_input(std::int64_t shard, const float* dy, float* dx) const {
  const auto& pass = impl_->backward.at(0);
  guarded([&] {
    run(pass.primitive, {{DNNL_ARG_DIFF_DST, wrap(impl_->geometry.y, dy)},
                         {DNNL_ARG_WEIGHTS, wrap(pass.layout, pass.weights.data())},
                         {DNNL_ARG_DIFF_SRC, wrap(impl_->geometry.x, dx)},
                         {DNNL_ARG_SCRATCHPAD, pass.scratch_of(shard)}});
  });
}

void DenseConvolution::backward_weights(std::int64_t shard, const float* x, const float* dy) {
  auto& pass = impl_->weight_pass;
  guarded([&] {
    run(pass.primitive, {{DNNL_ARG_SRC, wrap(impl_->geometry.x, x)},
                         {DNNL_ARG_DIFF_DST, wrap(impl_->geometry.y, dy)},
                         {DNNL_ARG_DIFF_WEIGHTS, wrap(pass.layout, pass.shares.at(shard).data())},
                         {DNNL_ARG_SCRATCHPAD, pass.scratch_of(shard)}});
  });
}

void DenseConvolution::weight_gradient(float* gradient) const {
  const auto& pass = impl_->weight_pass;
  std::vector<float> sum = pass.shares.at(0);
  for (std::size_t shard = 1; shard < pass.shares.size(); ++shard) {
    const std::vector<float>& share = pass.shares[shard];
    std::transform(sum.begin(), sum.end(), share.begin(), sum.begin(), std::plus<>());
  }
  guarded([&] { reorder(wrap(pass.layout, sum.data()), wrap(impl_->geometry.plain, gradient)); });
}

}  // namespace rheobase
