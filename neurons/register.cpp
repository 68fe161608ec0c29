#include "neurons/register.h"

#include "neurons/activation_kernels.h"
#include "neurons/burst_lif_fixed.h"
#include "neurons/burst_lif_kernels.h"
#include "neurons/general_lif_kernels.h"
#include "neurons/if_fixed.h"
#include "neurons/if_kernels.h"
#include "neurons/li_kernels.h"
#include "neurons/lif_fixed.h"
#include "neurons/lif_kernels.h"
#include "neurons/multi_threshold_kernels.h"
#include "neurons/schemas.h"
#include "neurons/sign_kernels.h"

namespace rheobase {
namespace {

// What a neuron is in one arithmetic.
struct Kernels {
  NodePlan (*plan)(const NodeContext&);
  MakeHostKernel* reference;
  MakeHostKernel* cpu;
};

void add(Registry& registry, const char* op, Arithmetic arithmetic, const Kernels& kernels) {
  registry.add_plan(op, arithmetic, kernels.plan);
  registry.add_kernel(op, DeviceKind::reference, arithmetic, kernels.reference);
  registry.add_kernel(op, DeviceKind::cpu, arithmetic, kernels.cpu);
}

void add_both(Registry& registry, const char* op, const Kernels& float32, const Kernels& fixed) {
  add(registry, op, Arithmetic::float32, float32);
  add(registry, op, Arithmetic::fixed, fixed);
}

}  // namespace

void register_neurons(Registry& registry) {
  add_neuron_schemas(registry.schemas());
  add_both(registry, "IF", {plan_if, make_if_reference, make_if_cpu},
           {plan_if_fixed, make_if_fixed_reference, make_if_fixed_cpu});
  add_both(registry, "LIF", {plan_lif, make_lif_reference, make_lif_cpu},
           {plan_lif_fixed, make_lif_fixed_reference, make_lif_fixed_cpu});
  add_both(registry, "GeneralLIF", {plan_general_lif, make_general_lif_reference, make_general_lif_cpu},
           {plan_general_lif_fixed, make_general_lif_fixed_reference, make_general_lif_fixed_cpu});
  for (const MultiThreshold kind :
       {MultiThreshold::signed_if, MultiThreshold::mtif, MultiThreshold::sigma_delta})
    add_both(
        registry, to_string(kind),
        {plan_multi_threshold, make_multi_threshold_reference, make_multi_threshold_cpu},
        {plan_multi_threshold_fixed, make_multi_threshold_fixed_reference, make_multi_threshold_fixed_cpu});
  add_both(registry, "BurstLIF", {plan_burst_lif, make_burst_lif_reference, make_burst_lif_cpu},
           {plan_burst_lif_fixed, make_burst_lif_fixed_reference, make_burst_lif_fixed_cpu});
  add_both(registry, "LI", {plan_li, make_li_reference, make_li_cpu},
           {plan_li_fixed, make_li_fixed_reference, make_li_fixed_cpu});
  add(registry, "QCFS", Arithmetic::float32, {plan_activation, make_qcfs, make_qcfs});
  add(registry, "ReLU", Arithmetic::float32, {plan_activation, make_relu, make_relu});
  add(registry, "Sign", Arithmetic::float32, {plan_sign, make_sign_reference, make_sign_cpu});
}

}  // namespace rheobase
