#include "converters/onnx/activation/elementwise.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "converters/onnx/activation/clipped_affine.h"

namespace rheobase::onnx_import {
namespace {

bool all_are(const Reals& values, double expected) {
  return std::all_of(values.begin(), values.end(), [&](double x) { return x == expected; });
}

/// Of a QCFS or a clip with scale and shift of its own: more than of three nodes that have names of theirs,
/// but for -QCFS(-z), whose lambda would get lost among factors.
int cost_of(const ShiftedForm& form) {
  if (form.before.is_identity() && form.behind.is_identity()) return 2;
  const Reals& sign = form.behind.scale;
  const bool is_mirrored_qcfs = std::holds_alternative<QcfsForm>(form.activation) &&
                                std::any_of(sign.begin(), sign.end(), [](double x) { return x < 0; });
  return is_mirrored_qcfs ? 5 : 7;
}

/// Two for each node that the form becomes, and one more for a Sign with scale and shift of its own: as forms
/// of their own they keep their names. Whatever says on which side 0 is comes before a Sign that does not.
int cost_of(const Form& form) {
  if (const auto* affine = std::get_if<AffineForm>(&form)) return affine->is_identity() ? 0 : 2;
  if (const auto* shifted = std::get_if<ShiftedForm>(&form)) return cost_of(*shifted);
  const auto* sign = std::get_if<SignForm>(&form);
  const int own = sign == nullptr ? 0 : int{sign->has_affine_before()} + int{sign->has_affine_behind()};
  const int inexact = sign != nullptr && sign->values.at_zero ? 100 : 0;
  return inexact + (own == 0 ? 2 : 3 + 2 * own);
}

/// The best split of the first k steps.
struct Split {
  int cost = 0;
  std::size_t previous = 0;  ///< where its last run begins
  std::optional<Form> form;  ///< of its last run; nothing for a run that changes nothing
};

/// `/block/act` for steps `/block/act/Div` to `/block/act/Mul_1`: exporters name the module there. The last
/// step's own name where the steps share no module.
std::string run_label(const Chain& chain, std::size_t begin, std::size_t end) {
  const std::string& last = chain[end - 1].label;
  if (chain[begin].label == last) return last;
  std::size_t common = last.rfind('/');
  if (common == std::string::npos || common == 0) return last;
  const std::string module = last.substr(0, common + 1);
  for (std::size_t i = begin; i < end; ++i) {
    if (!chain[i].label.starts_with(module)) return last;
  }
  return last.substr(0, common);
}

/// A clip in front of a sign changes nothing and goes with it; one that stays leaves one sign only.
bool has_sign_of_clip(const std::vector<NamedForm>& forms) {
  bool has_clip = false;
  for (const NamedForm& form : forms) {
    if (has_clip && std::holds_alternative<SignForm>(form.form)) return true;
    const auto* shifted = std::get_if<ShiftedForm>(&form.form);
    has_clip |= shifted != nullptr && std::holds_alternative<ReluForm>(shifted->activation);
  }
  return false;
}

[[noreturn]] void throw_unrecognised(const Chain& chain) {
  Composition whole;
  for (const ScalarOp& op : chain) whole.append(op);
  throw NodeFault(
      fmt::format("the elementwise steps from '{}' to here {}; supported are QCFS, lambda * "
                  "clip(floor(z * L / lambda + 1/2), 0, L) / L in any order and scaling, stairs of L equal "
                  "steps, ReLU, Clip, Sign and per-channel scale and shift",
                  chain.front().label, explain(whole)));
}

}  // namespace

ScalarOp ScalarOp::affine(Reals scale, Reals shift, std::string label) {
  return {Kind::affine, std::move(scale), std::move(shift), std::move(label)};
}

ScalarOp ScalarOp::clip(double low, double high, std::string label) {
  return {Kind::clip, {low}, {high}, std::move(label)};
}

ScalarOp ScalarOp::floor(std::string label) { return {Kind::floor, {}, {}, std::move(label)}; }

ScalarOp ScalarOp::sign(std::string label) { return {Kind::sign, {}, {}, std::move(label)}; }

ScalarOp ScalarOp::signum(std::string label) { return {Kind::signum, {}, {}, std::move(label)}; }

ScalarOp ScalarOp::choose(Reals if_false, Reals if_true, std::string label) {
  return {Kind::choose, std::move(if_false), std::move(if_true), std::move(label)};
}

bool AffineForm::is_identity() const { return all_are(scale, 1) && all_are(shift, 0); }

// A positive factor alone does not change a sign.
bool SignForm::has_affine_before() const {
  return !all_are(shift, 0) || std::any_of(scale.begin(), scale.end(), [](double x) { return !(x > 0); });
}

bool SignForm::has_affine_behind() const { return !all_are(values.below, -1) || !all_are(values.above, 1); }

std::optional<TwoValues> two_values(const Chain& chain) {
  Composition whole;
  for (const ScalarOp& op : chain) whole.append(op);
  return whole.values;
}

double least_value(const Chain& chain) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Composition whole;
  for (const ScalarOp& op : chain) whole.append(op);
  if (whole.floors > 1) return -infinity;
  const Reals& bounds = whole.floors == 1 ? whole.after.low : whole.before.low;
  return whole.values ? -infinity : *std::min_element(bounds.begin(), bounds.end());
}

std::vector<NamedForm> recognise(const Chain& chain) {
  std::vector<std::optional<Split>> best(chain.size() + 1);
  best[0] = Split{};
  for (std::size_t begin = 0; begin < chain.size(); ++begin) {
    if (!best[begin]) continue;
    Composition run;
    for (std::size_t end = begin + 1; end <= chain.size(); ++end) {
      run.append(chain[end - 1]);
      auto form = single_form(run);
      if (!form) continue;
      const int added = cost_of(*form);
      const int cost = best[begin]->cost + added;
      if (best[end] && best[end]->cost <= cost) continue;
      best[end] = Split{cost, begin, added == 0 ? std::nullopt : std::move(form)};
    }
  }
  if (!best.back()) throw_unrecognised(chain);
  std::vector<NamedForm> forms;
  for (std::size_t end = chain.size(); end > 0; end = best[end]->previous) {
    if (best[end]->form) forms.push_back({*best[end]->form, run_label(chain, best[end]->previous, end)});
  }
  std::reverse(forms.begin(), forms.end());
  if (has_sign_of_clip(forms)) throw_unrecognised(chain);
  return forms;
}

}  // namespace rheobase::onnx_import
