#include "converters/onnx/elementwise.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "converters/onnx/clipped_affine.h"

namespace rheobase::onnx_import {
namespace {

bool all_are(const Reals& values, double expected) {
  return std::all_of(values.begin(), values.end(), [&](double x) { return x == expected; });
}

/// Two for each node that the form becomes, and one more for a Sign with scale and shift of its own: as forms
/// of their own they keep their names. Whatever says on which side 0 is comes before a Sign that does not.
int cost_of(const Form& form) {
  if (const auto* affine = std::get_if<AffineForm>(&form))
    return all_are(affine->scale, 1) && all_are(affine->shift, 0) ? 0 : 2;
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

bool is_negative_affine(const NamedForm& form) {
  const auto* affine = std::get_if<AffineForm>(&form.form);
  return affine != nullptr &&
         std::any_of(affine->scale.begin(), affine->scale.end(), [](double x) { return x < 0; });
}

/// -lambda * QCFS(-z / lambda) splits well, but it is a lambda that went astray in training.
bool has_negative_lambda(const std::vector<NamedForm>& forms) {
  for (std::size_t i = 1; i + 1 < forms.size(); ++i) {
    if (std::holds_alternative<QcfsForm>(forms[i].form) && is_negative_affine(forms[i - 1]) &&
        is_negative_affine(forms[i + 1])) {
      return true;
    }
  }
  return false;
}

[[noreturn]] void throw_unrecognised(const Chain& chain) {
  Composition whole;
  for (const ScalarOp& op : chain) whole.append(op);
  throw NodeFault(
      fmt::format("the elementwise steps from '{}' to here {}; supported are QCFS, lambda * "
                  "clip(floor(z * L / lambda + 1/2), 0, L) / L in any order and scaling, ReLU, Clip(0, max), "
                  "Sign and per-channel scale and shift",
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
  if (has_negative_lambda(forms)) throw_unrecognised(chain);
  return forms;
}

}  // namespace rheobase::onnx_import
