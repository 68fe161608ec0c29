#include "converters/nir/file/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "sim/hdf5/entry.h"
#include "sim/hdf5/handle.h"
#include "tests/converters/nir_file.h"

namespace rheobase {
namespace {

using nir::NirGraph;
using nir::read_nir_bytes;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::integers;
using testing::NirFile;
using ::testing::Pair;
using testing::reals;
using testing::small_nir;

std::string refusal(const std::string& bytes) {
  try {
    read_nir_bytes(bytes, "net.nir");
  } catch (const InputError& error) {
    EXPECT_EQ(error.source(), "net.nir");
    return error.what();
  }
  return "was read";
}

const std::vector<double>& reals_of(const NirGraph& graph, const char* node, const char* parameter) {
  return std::get<std::vector<double>>(graph.find(node)->find(parameter)->values);
}

TEST(NirReader, ReadsNodesAndEdgesOfEveryLayout) {
  for (const bool deflate : {false, true}) {
    for (const bool fixed_texts : {false, true}) {
      NirFile file = small_nir();
      file.deflate = deflate;
      file.fixed_texts = fixed_texts;
      file.single = !deflate;
      const NirGraph graph = read_nir_bytes(file.bytes(), "net.nir");
      ASSERT_EQ(graph.nodes.size(), 4U);
      EXPECT_EQ(graph.find("fc")->type, "Linear");
      EXPECT_EQ(graph.find("fc")->find("weight")->shape, (Shape{3, 2}));
      EXPECT_THAT(reals_of(graph, "fc", "weight"), ElementsAre(1, 0, 0.5, 2, -1, 0.25));
      EXPECT_THAT(graph.edges, ElementsAre(Pair("lif", "output"), Pair("input", "fc"), Pair("fc", "lif")));
      EXPECT_TRUE(graph.notes.empty());
    }
  }
}

TEST(NirReader, ReadsScalarsAndWords) {
  NirFile file = small_nir();
  file.nodes[1].parameters["padding"] = {{}, std::vector<std::string>{"same"}};
  file.nodes[1].parameters["groups"] = integers({}, {1});
  file.nodes[2].parameters["tau"] = reals({}, {0.5});
  const NirGraph graph = read_nir_bytes(file.bytes(), "net.nir");
  EXPECT_TRUE(graph.find("fc")->find("padding")->is_text());
  EXPECT_EQ(graph.find("fc")->find("groups")->shape, Shape{});
  EXPECT_THAT(reals_of(graph, "lif", "tau"), ElementsAre(0.5));
}

TEST(NirReader, PutsNestedGraphsIntoTheOneAround) {
  NirFile file = small_nir();
  file.nodes.push_back({"inner/in", "Input", {{"shape", integers({1}, {3})}}, {}});
  file.nodes.push_back({"inner/half", "Scale", {{"scale", reals({3}, {0.5, 0.5, 0.5})}}, {}});
  file.nodes.push_back({"inner/out", "Output", {{"shape", integers({1}, {3})}}, {}});
  file.edges = {{"input", "fc"},
                {"fc", "inner"},
                {"inner", "lif"},
                {"lif", "output"},
                {"inner/in", "inner/half"},
                {"inner/half", "inner/out"}};
  const NirGraph graph = read_nir_bytes(file.bytes(), "net.nir");
  EXPECT_EQ(graph.find("inner/in")->type, "through");
  EXPECT_EQ(graph.find("inner/half")->type, "Scale");
  EXPECT_EQ(graph.find("inner"), nullptr);
  EXPECT_THAT(graph.edges,
              ::testing::IsSupersetOf({nir::Edge("fc", "inner/in"), nir::Edge("inner/out", "lif"),
                                       nir::Edge("inner/in", "inner/half")}));
}

TEST(NirReader, KeepsAttributesOfOurs) {
  NirFile file = small_nir();
  file.nodes[2].own = {{"reset", std::string("subtract")}, {"v_init", std::vector<double>{0.5}}};
  const NirGraph graph = read_nir_bytes(file.bytes(), "net.nir");
  EXPECT_EQ(graph.find("lif")->own, file.nodes[2].own);
}

TEST(NirReader, CountsAnEdgeOnce) {
  NirFile file = small_nir();
  file.edges.emplace_back("input", "fc");
  const NirGraph graph = read_nir_bytes(file.bytes(), "net.nir");
  EXPECT_EQ(graph.edges.size(), 3U);
  ASSERT_EQ(graph.notes.size(), 1U);
  EXPECT_EQ(graph.notes[0].where, "input");
}

TEST(NirReader, RefusesEdgesOfUnknownNodes) {
  NirFile file = small_nir();
  file.edges.emplace_back("lif1", "output");
  EXPECT_THAT(refusal(file.bytes()), HasSubstr("name the node 'lif1', which is not there"));
}

TEST(NirReader, RefusesNumbersThatAreNone) {
  NirFile file = small_nir();
  file.nodes[2].parameters["tau"] = reals({1}, {std::numeric_limits<double>::infinity()});
  EXPECT_THAT(refusal(file.bytes()), HasSubstr("/node/nodes/lif/tau: has the value inf at index 0"));
}

TEST(NirReader, RefusesWhatIsNoHdf5) {
  EXPECT_THAT(refusal("no HDF5 at all"), HasSubstr("is no NIR file, which are HDF5"));
  EXPECT_THAT(refusal(""), HasSubstr("is no NIR file"));
}

// Damaged files that libhdf5 crashes in: it trusts what a text of variable length refers to.
TEST(NirReader, RefusesTextsThatTheFileDoesNotHold) {
  const std::string sound = small_nir().bytes();
  const std::size_t heap = sound.find("GCOL");
  ASSERT_NE(heap, std::string::npos);
  const auto damaged = [&](std::size_t offset, char value) {
    std::string bytes = sound;
    bytes[heap + offset] = value;
    return refusal(bytes);
  };
  const auto refused = HasSubstr("has a text at index 0 that the file does not hold");
  EXPECT_THAT(damaged(0, 'X'), refused);     // no heap
  EXPECT_THAT(damaged(4, 9), refused);       // of a later version
  EXPECT_THAT(damaged(8 + 7, 1), refused);   // larger than the file
  EXPECT_THAT(damaged(16, 99), refused);     // its first object has another number
  EXPECT_THAT(damaged(24 + 7, 1), refused);  // and reaches beyond the heap
  EXPECT_THAT(damaged(24, 0), refused);      // and is shorter than its text
}

// A dataset that was never written: libhdf5 would give zeros.
TEST(NirReader, RefusesValuesThatTheFileDoesNotHold) {
  std::string bytes;
  for (const hsize_t extent : {hsize_t{100}, hsize_t{1} << 31, hsize_t{1} << 60}) {
    {
      const hdf5::Session session;
      hdf5::MemoryFile file(0);
      {
        const hdf5::Group node = hdf5::create_group(file.id(), "node");
        const hdf5::Dataspace space(H5Screate_simple(1, &extent, nullptr), "make a space");
        const hdf5::Dataset type(H5Dcreate2(node.get(), "type", H5T_IEEE_F32LE, space.get(), H5P_DEFAULT,
                                            H5P_DEFAULT, H5P_DEFAULT),
                                 "make a dataset");
      }
      bytes = file.finish();
    }
    EXPECT_THAT(refusal(bytes),
                AllOf(HasSubstr("/node/type"), ::testing::AnyOf(HasSubstr("which the file does not have"),
                                                                HasSubstr("is too large"))));
  }
}

TEST(NirReader, RefusesLinksThatLeadElsewhere) {
  std::string bytes;
  {
    const hdf5::Session session;
    hdf5::MemoryFile file(0);
    {
      const hdf5::Group node = hdf5::create_group(file.id(), "node");
      hdf5::checked(H5Lcreate_external("/etc/passwd", "/x", node.get(), "type", H5P_DEFAULT, H5P_DEFAULT),
                    "make a link");
    }
    bytes = file.finish();
  }
  EXPECT_THAT(refusal(bytes), HasSubstr("/node/type: is a link to somewhere else"));
}

// Hard links make a graph its own node: it would never end.
TEST(NirReader, RefusesGraphsWithinThemselves) {
  std::string bytes;
  {
    const hdf5::Session session;
    hdf5::MemoryFile file(0);
    {
      const hdf5::Group node = hdf5::create_group(file.id(), "node");
      const hdf5::Dataspace scalar(H5Screate(H5S_SCALAR), "make a space");
      const hdf5::Datatype text(H5Tcopy(H5T_C_S1), "make a type");
      hdf5::checked(H5Tset_size(text.get(), 9), "make a type");
      const hdf5::Dataset type(
          H5Dcreate2(node.get(), "type", text.get(), scalar.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
          "make a dataset");
      hdf5::checked(H5Dwrite(type.get(), text.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, "NIRGraph"), "write");
      const std::vector<std::int64_t> none;
      hdf5::write_values<std::int64_t>(node.get(), "edges", {0}, none);
      const hdf5::Group nodes = hdf5::create_group(node.get(), "nodes");
      for (const char* name : {"a", "b"})
        hdf5::checked(H5Lcreate_hard(file.id(), "/node", nodes.get(), name, H5P_DEFAULT, H5P_DEFAULT),
                      "link");
    }
    bytes = file.finish();
  }
  EXPECT_THAT(refusal(bytes),
              ::testing::AnyOf(HasSubstr("graphs deep"), HasSubstr("which the file does not have"),
                               HasSubstr("more nodes than")));
}

TEST(NirReader, RefusesEveryPrefixOfAFile) {
  const std::string bytes = small_nir().bytes();
  for (std::size_t length = 0; length < bytes.size(); length += 7)
    EXPECT_NE(refusal(bytes.substr(0, length)), "was read") << length;
}

}  // namespace
}  // namespace rheobase
