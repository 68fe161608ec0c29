#include "converters/onnx/proto/node_view.h"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

namespace rheobase::onnx_import {
namespace {

using ::onnx::AttributeProto;

std::string full_op(const ::onnx::NodeProto& proto) {
  const std::string& domain = proto.domain();
  if (domain.empty() || domain == "ai.onnx") return proto.op_type();
  // The domains that Brevitas, QONNX and FINN have written the same ops in.
  for (const char* qonnx : {"qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general"}) {
    if (domain == qonnx) return "qonnx:" + proto.op_type();
  }
  return domain + ":" + proto.op_type();
}

std::string label_of(const ::onnx::NodeProto& proto, int index) {
  if (!proto.name().empty()) return proto.name();
  if (proto.output_size() > 0 && !proto.output(0).empty()) return proto.output(0);
  return fmt::format("{}_{}", proto.op_type(), index);
}

}  // namespace

NodeView::NodeView(const ::onnx::NodeProto& proto, int opset, int index)
    : proto_(&proto),
      opset_(opset),
      op_(full_op(proto)),
      label_(label_of(proto, index)),
      inputs_(proto.input().begin(), proto.input().end()),
      outputs_(proto.output().begin(), proto.output().end()) {}

const AttributeProto* NodeView::find(const char* attribute) const {
  for (const AttributeProto& candidate : proto_->attribute()) {
    if (candidate.name() == attribute) return &candidate;
  }
  return nullptr;
}

const AttributeProto* NodeView::find(const char* attribute, int type, const char* type_name) const {
  const AttributeProto* found = find(attribute);
  if (found == nullptr || found->type() == type) return found;
  throw NodeFault(fmt::format("attribute '{}' is not {}", attribute, type_name));
}

std::int64_t NodeView::integer(const char* attribute, std::int64_t fallback) const {
  const auto* found = find(attribute, AttributeProto::INT, "an integer");
  return found != nullptr ? found->i() : fallback;
}

double NodeView::real(const char* attribute, double fallback) const {
  const auto* found = find(attribute, AttributeProto::FLOAT, "a real number");
  return found != nullptr ? found->f() : fallback;
}

std::string NodeView::word(const char* attribute, const std::string& fallback) const {
  const auto* found = find(attribute, AttributeProto::STRING, "a string");
  return found != nullptr ? found->s() : fallback;
}

std::optional<Integers> NodeView::integers(const char* attribute) const {
  const auto* found = find(attribute, AttributeProto::INTS, "a list of integers");
  if (found == nullptr) return std::nullopt;
  return Integers(found->ints().begin(), found->ints().end());
}

std::optional<Reals> NodeView::reals(const char* attribute) const {
  const auto* found = find(attribute, AttributeProto::FLOATS, "a list of reals");
  if (found == nullptr) return std::nullopt;
  return Reals(found->floats().begin(), found->floats().end());
}

const ::onnx::TensorProto* NodeView::tensor(const char* attribute) const {
  const auto* found = find(attribute, AttributeProto::TENSOR, "a tensor");
  return found != nullptr ? &found->t() : nullptr;
}

std::optional<Integers> attribute_or_input(const NodeView& node, const char* attribute,
                                           const Constant* input) {
  if (input != nullptr) return integers_of(*input, fmt::format("input '{}'", attribute));
  return node.integers(attribute);
}

}  // namespace rheobase::onnx_import
