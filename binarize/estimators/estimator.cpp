#include "binarize/estimators/estimator.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <type_traits>

#include "binarize/estimators/equations.h"
#include "binarize/estimators/reste_backward.h"
#include "binarize/estimators/smooth_equations.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

using namespace estimators;

template <template <class> class Equation>
class EstimatorOf : public SignEstimator {
 public:
  EstimatorOf(const Equation<double>& exact, const Equation<float>& fast, SignRole role, bool standardizes)
      : exact_(exact), fast_(fast), role_(role), standardizes_(standardizes) {
    EstimatorOf::set_progress(0.0);
  }

  void set_progress(double progress) override {
    exact_.at(progress, role_);
    fast_.at(progress, role_);
  }
  double slope(double x) const override { return exact_.slope(x); }
  double surrogate(double x) const override { return exact_.value(x); }
  bool standardizes_weights() const override { return standardizes_; }

  void backward(std::span<const float> x, std::span<const float> dy, std::span<float> dx,
                bool accumulate) const override {
    if constexpr (std::is_same_v<Equation<float>, ReSTE<float>>) {
      reste_backward(fast_, x.data(), dy.data(), dx.data(), static_cast<std::int64_t>(x.size()), accumulate);
    } else if (accumulate) {
      for (std::size_t i = 0; i < x.size(); ++i) dx[i] += fast_.slope(x[i]) * dy[i];
    } else {
      for (std::size_t i = 0; i < x.size(); ++i) dx[i] = fast_.slope(x[i]) * dy[i];
    }
  }

 private:
  Equation<double> exact_;
  Equation<float> fast_;
  SignRole role_;
  bool standardizes_;
};

template <template <class> class Equation>
std::unique_ptr<SignEstimator> make(const EstimatorSettings&, SignRole role) {
  return std::make_unique<EstimatorOf<Equation>>(Equation<double>{}, Equation<float>{}, role, false);
}

// Their t multiplies the weight, so the schedule means something for weights of unit deviation only.
template <template <class> class Equation>
std::unique_ptr<SignEstimator> make_standardizing(const EstimatorSettings&, SignRole role) {
  return std::make_unique<EstimatorOf<Equation>>(Equation<double>{}, Equation<float>{}, role, true);
}

std::unique_ptr<SignEstimator> make_reste(const EstimatorSettings& settings, SignRole role) {
  std::vector<Fault> faults;
  const auto expect = [&](bool sound, const char* key, double value, const char* what) {
    if (!sound) faults.push_back({key, fmt::format("is {}, expected {}", value, what)});
  };
  expect(settings.o_end >= 1 && settings.o_end <= 100, "o_end", settings.o_end, "1 to 100");
  expect(settings.m > 0 && settings.m <= 1, "m", settings.m, "more than 0, at most 1");
  expect(settings.t > settings.m && settings.t <= 1e6, "t", settings.t, "more than m");
  throw_if_any("reste", faults);
  const auto equation = [&]<class T>(T) {
    return ReSTE<T>{static_cast<T>(settings.o_end), static_cast<T>(settings.t), static_cast<T>(settings.m)};
  };
  return std::make_unique<EstimatorOf<ReSTE>>(equation(double{}), equation(float{}), role, false);
}

// Activations have the parabola, weights the identity within 1.
std::unique_ptr<SignEstimator> make_approx_sign(const EstimatorSettings& settings, SignRole role) {
  return role == SignRole::weights ? make<ClippedSte>(settings, role) : make<ApproxSign>(settings, role);
}

std::unique_ptr<SignEstimator> make_fda(const EstimatorSettings& settings, SignRole role) {
  if (!(settings.w > 0 && settings.w <= 100))
    throw InputError("fda", "w", fmt::format("is {}, expected more than 0, at most 100", settings.w));
  return std::make_unique<EstimatorOf<Fda>>(Fda<double>{settings.w},
                                            Fda<float>{static_cast<float>(settings.w)}, role, false);
}

struct Entry {
  EstimatorInfo info;
  std::unique_ptr<SignEstimator> (*make)(const EstimatorSettings&, SignRole);
};

const std::vector<Entry>& entries() {
  static const std::vector<Entry> table{
      {{"reste", "Wu et al., ICCV 2023", "o = 1 + (o_end - 1) (1 - cos(pi r / 2))"}, make_reste},
      {{"ste", "Bengio, Leonard and Courville, arXiv:1308.3432", "-"}, make<Ste>},
      {{"clipped_ste", "Hubara et al., NeurIPS 2016", "-"}, make<ClippedSte>},
      {{"approx_sign", "Liu et al. (Bi-Real Net), ECCV 2018", "-"}, make_approx_sign},
      {{"sign_swish", "Darabi et al. (BNN+), arXiv:1812.11800", "-"}, make<SignSwish>},
      {{"dsq", "Gong et al., ICCV 2019", "-"}, make<Dsq>},
      {{"ede", "Qin et al. (IR-Net), CVPR 2020", "t = 0.1 * 100^r, k = max(1/t, 1)"},
       make_standardizing<Ede>},
      {{"rbnn", "Lin et al., NeurIPS 2020", "t = 0.01 * 1000^r, k = max(1/t, 1)"}, make_standardizing<Rbnn>},
      {{"fda", "Xu et al. (FDA-BNN), NeurIPS 2021", "n = 9 + round(9 r)"}, make_fda},
      {{"ab", "Ma et al. (A&B BNN), CVPR 2024", "-"}, make<AbSigmoid>}};
  return table;
}

}  // namespace

const std::vector<EstimatorInfo>& sign_estimators() {
  static const std::vector<EstimatorInfo> infos = [] {
    std::vector<EstimatorInfo> list;
    for (const Entry& entry : entries()) list.push_back(entry.info);
    return list;
  }();
  return infos;
}

std::unique_ptr<SignEstimator> make_estimator(const EstimatorSettings& settings, SignRole role) {
  std::vector<std::string> names;
  for (const Entry& entry : entries()) {
    if (entry.info.name == settings.name) return entry.make(settings, role);
    names.push_back(entry.info.name);
  }
  throw InputError("estimator", fmt::format("'{}'", settings.name),
                   fmt::format("expected one of {}", fmt::join(names, ", ")));
}

}  // namespace rheobase
