#include "converters/onnx/import/evaluation_order.h"

#include <onnx/onnx_pb.h>

#include <set>

#include "converters/onnx/proto/node_view.h"

namespace rheobase::onnx_import {
namespace {

using Producers = std::map<std::string, int>;

std::string label(const ::onnx::GraphProto& graph, int index) {
  return NodeView(graph.node(index), 0, index).label();
}

Producers find_producers(const ::onnx::GraphProto& graph, std::vector<Fault>& faults) {
  Producers producers;
  for (int i = 0; i < graph.node_size(); ++i) {
    for (const std::string& output : graph.node(i).output()) {
      if (!output.empty() && !producers.emplace(output, i).second) {
        faults.push_back({label(graph, i), "the value '" + output + "' is produced twice"});
      }
    }
  }
  return producers;
}

/// The nodes behind `output`, by index.
std::set<int> ancestors(const ::onnx::GraphProto& graph, const Producers& producers,
                        const std::string& output) {
  std::set<int> found;
  std::vector<std::string> open{output};
  while (!open.empty()) {
    const auto producer = producers.find(open.back());
    open.pop_back();
    if (producer == producers.end() || !found.insert(producer->second).second) continue;
    const auto& inputs = graph.node(producer->second).input();
    open.insert(open.end(), inputs.begin(), inputs.end());
  }
  return found;
}

}  // namespace

EvaluationOrder evaluation_order(const ::onnx::GraphProto& graph, const std::string& output) {
  EvaluationOrder result;
  const Producers producers = find_producers(graph, result.faults);
  const std::set<int> needed = ancestors(graph, producers, output);
  std::map<int, int> missing;
  std::map<int, std::vector<int>> consumers;
  std::set<int> ready;
  for (const int index : needed) {
    for (const std::string& input : graph.node(index).input()) {
      ++result.uses[input];
      const auto producer = producers.find(input);
      if (producer == producers.end()) continue;
      ++missing[index];
      consumers[producer->second].push_back(index);
    }
    if (missing[index] == 0) ready.insert(index);
  }
  ++result.uses[output];
  while (!ready.empty()) {
    const int next = *ready.begin();
    ready.erase(ready.begin());
    result.nodes.push_back(next);
    for (const int consumer : consumers[next]) {
      if (--missing[consumer] == 0) ready.insert(consumer);
    }
  }
  for (const int index : needed) {
    if (missing[index] > 0)
      result.faults.push_back({label(graph, index), "is part of a cycle or behind one"});
  }
  return result;
}

}  // namespace rheobase::onnx_import
