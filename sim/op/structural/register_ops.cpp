#include "sim/op/registry.h"
#include "sim/op/structural/structural_kernels.h"
#include "sim/op/structural/structural_plans.h"

namespace rheobase {
namespace {

constexpr const char* rearranging_ops[] = {"Flatten", "Slice", "Pad", "Concat"};

void register_float32(Registry& registry) {
  const auto add = [&](const char* op, DeviceKind device, MakeKernel make) {
    registry.add_kernel(op, device, Arithmetic::float32, std::move(make));
  };
  const auto plan = [&](const char* op, PlanNode make) {
    registry.add_plan(op, Arithmetic::float32, std::move(make));
  };
  plan("Affine", plan_affine);
  plan("Add", plan_add);
  plan("Output", plan_add);
  plan("AvgPool2d", plan_avg_pool2d);
  plan("MaxPool2d", plan_max_pool2d);
  plan("CumulativeMaxPool2d", plan_cumulative_max_pool2d);
  plan("Onset", plan_onset);
  for (const char* op : rearranging_ops) plan(op, plan_rearrange);
  for (const char* op : {"Conv2d", "Linear"}) plan(op, plan_conv2d);
  for (const DeviceKind device : {DeviceKind::reference, DeviceKind::cpu}) {
    add("Affine", device, make_affine);
    add("Add", device, make_add);
    add("Output", device, make_add);
    add("MaxPool2d", device, make_max_pool2d);
    add("Onset", device, make_onset);
    for (const char* op : rearranging_ops) add(op, device, make_rearrange);
  }
  add("AvgPool2d", DeviceKind::reference, make_avg_pool2d);
  add("AvgPool2d", DeviceKind::cpu, make_avg_pool2d_cpu);
  add("CumulativeMaxPool2d", DeviceKind::reference, make_cumulative_max_pool2d);
  add("CumulativeMaxPool2d", DeviceKind::cpu, make_cumulative_max_pool2d_cpu);
  for (const char* op : {"Conv2d", "Linear"}) {
    add(op, DeviceKind::reference, make_conv2d_reference);
    add(op, DeviceKind::cpu, make_conv2d_cpu);
  }
}

void register_fixed(Registry& registry) {
  const auto add = [&](const char* op, DeviceKind device, MakeKernel make) {
    registry.add_kernel(op, device, Arithmetic::fixed, std::move(make));
  };
  const auto plan = [&](const char* op, PlanNode make) {
    registry.add_plan(op, Arithmetic::fixed, std::move(make));
  };
  plan("Affine", plan_fixed_affine);
  plan("Add", plan_fixed_add);
  plan("Output", plan_fixed_add);
  plan("AvgPool2d", plan_fixed_avg_pool2d);
  plan("MaxPool2d", plan_fixed_max_pool2d);
  plan("CumulativeMaxPool2d", plan_fixed_cumulative_max_pool2d);
  plan("Onset", plan_onset);
  for (const char* op : rearranging_ops) plan(op, plan_rearrange);
  for (const char* op : {"Conv2d", "Linear"}) plan(op, plan_fixed_conv2d);
  for (const DeviceKind device : {DeviceKind::reference, DeviceKind::cpu}) {
    add("Affine", device, make_fixed_affine);
    add("Add", device, make_fixed_add);
    add("Output", device, make_fixed_add);
    add("AvgPool2d", device, make_fixed_avg_pool2d);
    add("MaxPool2d", device, make_fixed_max_pool2d);
    add("Onset", device, make_onset);
    for (const char* op : rearranging_ops) add(op, device, make_rearrange);
  }
  add("CumulativeMaxPool2d", DeviceKind::reference, make_fixed_cumulative_max_pool2d);
  add("CumulativeMaxPool2d", DeviceKind::cpu, make_fixed_cumulative_max_pool2d_cpu);
  for (const char* op : {"Conv2d", "Linear"}) {
    add(op, DeviceKind::reference, make_fixed_conv2d_reference);
    add(op, DeviceKind::cpu, make_fixed_conv2d_cpu);
  }
}

}  // namespace

void register_structural_ops(Registry& registry) {
  add_structural_schemas(registry.schemas());
  register_float32(registry);
  register_fixed(registry);
  register_inputs(registry);
}

}  // namespace rheobase
