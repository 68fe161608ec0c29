// Subgraphs of constants, as exporters write them to compute shapes and paddings.
#include <gmock/gmock.h>

#include <functional>
#include <limits>

#include "tests/converters/onnx_model.h"

namespace rheobase::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Pads an image by what `compute` leaves in "pads".
Ints folded_pads(const std::function<void(OnnxModel&)>& compute) {
  OnnxModel model({-1, 2, 5, 6});
  compute(model);
  model.node("Pad", {"x", "pads"}, "p");
  model.node("Flatten", {"p"}, "y");
  const Graph graph = model.import();
  const Node& pad = only(graph, "Pad");
  Ints pads = pad.integers("before", {});
  for (const std::int64_t after : pad.integers("after", {})) pads.push_back(after);
  return pads;
}

TEST(FoldedConstants, ReverseThePairsOfPyTorchPaddings) {
  // F.pad(x, (0, 0, 0, 0, 8, 8)) at opset 13: last axis first, padded with zeros to all axes.
  const Ints pads = folded_pads([](OnnxModel& m) {
    constexpr std::int64_t all = std::numeric_limits<std::int64_t>::min() + 1;
    m.integers("torch", {0, 0, 0, 0, 8, 9}).integer("0", 0).integer("4", 4).integer("2", 2);
    m.integers("pair", {-1, 2}).integers("first", {0}).integers("last", {-1}).integers("all", {all});
    m.node("Shape", {"torch"}, "shape");
    m.node("Gather", {"shape", "0"}, "given");
    m.node("Mul", {"4", "2"}, "wanted");
    m.node("Sub", {"wanted", "given"}, "missing");
    m.integers("axes0", {0}).node("Unsqueeze", {"missing", "axes0"}, "missing1");
    m.node("ConstantOfShape", {"missing1"}, "zeros")
        .tensor("value")
        .set_data_type(::onnx::TensorProto::INT64);
    auto* value = m.proto().mutable_graph()->mutable_node()->rbegin()->mutable_attribute(0)->mutable_t();
    value->add_dims(1);
    value->add_int64_data(0);
    m.node("Cast", {"torch"}, "cast").with("to", 7);
    m.node("Concat", {"cast", "zeros"}, "eight").with("axis", 0);
    m.node("Reshape", {"eight", "pair"}, "pairs");
    m.node("Slice", {"pairs", "last", "all", "first", "last"}, "reversed");
    m.node("Transpose", {"reversed"}, "transposed").with("perm", Ints{1, 0});
    m.node("Reshape", {"transposed", "last"}, "pads");
  });
  EXPECT_EQ(pads, (Ints{8, 0, 0, 9, 0, 0}));
}

TEST(FoldedConstants, ComputeWithTheShapeOfAnActivation) {
  // x.view(x.size(0), -1)
  OnnxModel model({-1, 2, 5, 6});
  model.integer("0", 0).integers("a", {0}).integers("rest", {-1});
  model.node("Shape", {"x"}, "shape");
  model.node("Gather", {"shape", "0"}, "batch");
  model.node("Unsqueeze", {"batch", "a"}, "batch1");
  model.node("Concat", {"batch1", "rest"}, "target").with("axis", 0);
  model.node("Reshape", {"x", "target"}, "y");
  EXPECT_EQ(ops_of(model.import()), "Input Flatten Output");
}

TEST(FoldedConstants, ComputeWithPartOfAShapeSinceOpset15) {
  OnnxModel model({-1, 2, 5, 6});
  model.node("Shape", {"x"}, "half").with("start", -3).with("end", -1);
  model.node("Concat", {"half", "zeros", "zeros", "zeros"}, "pads").with("axis", 0);
  model.integers("zeros", {0, 0});
  model.node("Pad", {"x", "pads"}, "y", "pad");
  EXPECT_THAT(model.faults(), ElementsAre("pad: pads the batch"));
}

TEST(FoldedConstants, DoIntegerArithmetic) {
  const Ints pads = folded_pads([](OnnxModel& m) {
    m.integers("a", {0, 7, 9, 3, 0, -7, 5, 2}).integers("b", {1, 2, 4, 2, 1, 2, 3, 5});
    m.node("Div", {"a", "b"}, "quotient");       // 0 3 2 1 0 -3 1 0
    m.node("Mod", {"a", "b"}, "rest");           // 0 1 1 1 0 1 2 2
    m.node("Add", {"quotient", "rest"}, "sum");  // 0 4 3 2 0 -2 3 2
    m.node("Abs", {"sum"}, "size");              // 0 4 3 2 0 2 3 2
    m.integers("two", {2}).node("Greater", {"size", "two"}, "large");
    m.node("Where", {"large", "two", "size"}, "pads");
  });
  EXPECT_EQ(pads, (Ints{2, 2, 2, 2, 2, 2}));
}

TEST(FoldedConstants, CountExpandAndCompare) {
  const Ints pads = folded_pads([](OnnxModel& m) {
    m.integer("0", 0).integer("4", 4).integer("1", 1).integers("shape", {2, 4});
    m.node("Range", {"0", "4", "1"}, "counted");      // 0 1 2 3
    m.node("Expand", {"counted", "shape"}, "twice");  // 0 1 2 3 / 0 1 2 3
    m.node("Flatten", {"twice"}, "matrix").with("axis", 0);
    m.integers("a", {0}).node("Squeeze", {"matrix", "a"}, "list");
    m.node("Min", {"list", "4"}, "low");
    m.node("Max", {"low", "0"}, "same");
    m.node("Neg", {"same"}, "negative");
    m.node("Neg", {"negative"}, "pads");
  });
  EXPECT_EQ(pads, (Ints{1, 2, 3, 1, 2, 3}));
}

TEST(FoldedConstants, DoRealArithmeticWithoutRoundingTwice) {
  OnnxModel model({-1, 1});
  model.real("lambda", 0.7F).real("third", 3).real("one", 1);
  model.node("Div", {"lambda", "third"}, "step");
  model.node("Reciprocal", {"step"}, "inverse");
  model.node("Div", {"one", "inverse"}, "again");
  model.node("Mul", {"again", "third"}, "whole");
  model.node("Mul", {"x", "whole"}, "y");
  EXPECT_EQ(only(model.import(), "Affine").tensor("scale")->reals(), Floats{0.7F});
}

TEST(FoldedConstants, MayBeParametrisedThresholds) {
  OnnxModel model({-1, 1});
  model.real("root", -2).node("Abs", {"root"}, "size");
  model.node("Sqrt", {"size"}, "sqrt");
  model.node("Mul", {"sqrt", "sqrt"}, "square");
  model.real("two", 2).node("Pow", {"square", "two"}, "power");
  model.node("Round", {"power"}, "max");
  model.real("zero", 0).node("Clip", {"x", "zero", "max"}, "y");
  EXPECT_EQ(only(model.import(), "ReLU").real("max", 0), 4);
}

TEST(FoldedConstants, MayStandInConstantNodes) {
  OnnxModel model({-1, 2, 1, 1});
  model.node("Constant", {}, "shape").with("value_ints", Ints{0, -1});
  model.node("Constant", {}, "two").with("value_float", 2.0);
  model.node("Reshape", {"x", "shape"}, "flat");
  model.node("Mul", {"flat", "two"}, "y");
  EXPECT_EQ(only(model.import(), "Affine").tensor("scale")->reals(), Floats{2});
}

TEST(FoldedConstants, StayInProportionToTheFile) {
  for (const Ints& shape : {Ints{1 << 20, 1 << 20}, Ints{std::int64_t{1} << 62, 16}, Ints{-1}}) {
    OnnxModel model({-1, 2});
    model.integers("shape", shape).node("ConstantOfShape", {"shape"}, "huge", "fill");
    model.node("Add", {"x", "huge"}, "y");
    EXPECT_THAT(model.faults(), ElementsAre(HasSubstr("fill: a constant of shape")));
  }
}

TEST(FoldedConstants, StayInProportionWhenEachDoublesTheLast) {
  OnnxModel model({-1, 2});
  model.integers("v0", Ints(1024, 0));
  for (int i = 0; i < 40; ++i) {
    const std::string from = "v" + std::to_string(i);
    model.node("Concat", {from, from}, "v" + std::to_string(i + 1), "n" + std::to_string(i)).with("axis", 0);
  }
  model.node("Reshape", {"x", "v40"}, "y");
  EXPECT_THAT(model.faults(), ElementsAre(HasSubstr("out of proportion to the file")));
}

TEST(FoldedConstants, RefuseWhatHasNoValue) {
  const auto fault = [](const std::function<void(OnnxModel&)>& compute) {
    OnnxModel model({-1, 2});
    compute(model);
    model.node("Reshape", {"x", "c"}, "y");
    return model.faults();
  };
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  EXPECT_THAT(fault([](OnnxModel& m) {
                m.integers("a", {1}).integers("b", {0}).node("Div", {"a", "b"}, "c", "n");
              }),
              ElementsAre("n: divides an integer by 0"));
  EXPECT_THAT(fault([](OnnxModel& m) {
                m.integers("a", {-most - 1}).integers("b", {-1}).node("Mod", {"a", "b"}, "c", "n");
              }),
              ElementsAre("n: integer arithmetic overflows"));
  EXPECT_THAT(fault([](OnnxModel& m) {
                m.integers("a", {most}).node("Mul", {"a", "a"}, "c", "n");
              }),
              ElementsAre("n: integer arithmetic overflows"));
  EXPECT_THAT(fault([](OnnxModel& m) {
                m.integers("a", {1, 2}).integer("i", 2).node("Gather", {"a", "i"}, "c", "n");
              }),
              ElementsAre("n: index 2 is out of range"));
  EXPECT_THAT(fault([](OnnxModel& m) { m.real("a", 1e30F).node("Cast", {"a"}, "c", "n").with("to", 7); }),
              ElementsAre(HasSubstr("is no 64-bit integer")));
  EXPECT_THAT(fault([](OnnxModel& m) {
                m.integer("a", 0).integer("b", 9).integer("s", 0).node("Range", {"a", "b", "s"}, "c", "n");
              }),
              ElementsAre("n: has no end"));
}

}  // namespace
}  // namespace rheobase::test
