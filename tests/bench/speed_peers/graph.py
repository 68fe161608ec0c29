"""The source network without its QCFS chains."""
import numpy as np
import onnx
from onnx import helper, numpy_helper

QCFS = ["Div", "Clip", "Mul", "Add", "Floor", "Div", "Mul"]  # lambda/L floor(L clip(x/lambda, 0, 1) + 1/2)


def clipped(path):
    """The network with every QCFS activation as what it approximates: Clip(x, 0, lambda), one node for seven."""
    model = onnx.load(path)
    graph = model.graph
    readers = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    heights = {item.name: item for item in graph.initializer}
    graph.initializer.append(numpy_helper.from_array(np.float32(0), "clip.low"))
    chained, nodes = set(), []
    for node in graph.node:
        if node.name in chained:
            continue
        chain = [node]
        while len(chain) < len(QCFS) and chain[-1].op_type == QCFS[len(chain) - 1] and chain[-1].output[0] in readers:
            chain.append(readers[chain[-1].output[0]][0])
        if [link.op_type for link in chain] == QCFS:
            height = numpy_helper.to_array(heights[node.input[1]]).reshape(())
            graph.initializer.append(numpy_helper.from_array(height, node.name + ".high"))
            node = helper.make_node("Clip", [node.input[0], "clip.low", node.name + ".high"], chain[-1].output,
                                    name=node.name + ".clip")
            chained.update(link.name for link in chain)
        nodes.append(node)
    if not chained:
        raise ValueError(f"{path}: no QCFS activation")
    used = {name for node in nodes for name in node.input}
    constants = [item for item in graph.initializer if item.name in used]
    for field, items in ((graph.node, [n for n in nodes if n.op_type != "Constant" or n.output[0] in used]),
                         (graph.initializer, constants)):
        del field[:]
        field.extend(items)
    return model
