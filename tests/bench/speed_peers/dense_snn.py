"""The converted network simulated densely in PyTorch: QCFS to IF, reset by subtraction, all convolutions at all steps.

As fast as PyTorch makes it: the current of the first layer, the same at every step, is computed once; spikes are 0 and
1 and their height stands in the next layer's weights; neurons work in place; channels come last, which was faster for
every variant.
"""
import logging

import numpy as np
import torch
import torch._inductor.config
from onnx import helper, numpy_helper

from .graph import clipped
from .meter import Meter

LAYOUT = torch.channels_last
logging.getLogger("torch").setLevel(logging.ERROR)


class Step:
    """Neurons of one layer, one step a call."""

    def __init__(self, threshold):
        self.threshold = threshold

    def reset(self):
        self.v = None

    def __call__(self, current):
        if self.v is None:
            self.v = torch.full_like(current, self.threshold / 2)
        self.v += current
        spikes = (self.v >= self.threshold).to(current.dtype)
        self.v.sub_(spikes, alpha=self.threshold)
        return spikes


class Steps(Step):
    """Neurons of one layer, all steps in one call: [T, N, ...] to the same."""

    def __call__(self, current):
        return torch.stack([super(Steps, self).__call__(now) for now in current])


def spikingjelly_node(threshold):
    from spikingjelly.activation_based import neuron
    node = neuron.IFNode(v_threshold=threshold, v_reset=None, step_mode="m").eval()
    node.set_reset_value("v", threshold / 2)
    return node


class Network(torch.nn.Module):
    """The operations of a network in order, as (function, inputs, output, neurons or not)."""

    def __init__(self, path, neuron):
        super().__init__()
        graph = clipped(path).graph
        self.constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
        self.height = {}  # of one spike, by tensor; 1 for currents
        self.source, self.sink = graph.input[0].name, graph.output[0].name
        self.layers, self.neurons, operations = torch.nn.ModuleList(), [], []
        for node in graph.node:
            if node.op_type == "Constant":
                self.constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
                continue
            fires = node.op_type == "Clip"
            if fires:
                threshold = float(self.constants[node.input[2]])
                self.neurons.append(neuron(threshold))
                self.height[node.output[0]] = threshold
                run = self.neurons[-1]
            else:
                options = {item.name: helper.get_attribute_value(item) for item in node.attribute}
                run = getattr(self, node.op_type)(node, **options)
            inputs = [name for name in node.input if name not in self.constants]
            operations.append((run, inputs, node.output[0], fires))
        changing = set()
        for _, inputs, output, fires in operations:
            if fires or changing.intersection(inputs):
                changing.add(output)
        self.still = [item for item in operations if item[2] not in changing]
        self.moving = [item for item in operations if item[2] in changing]

    def weighted(self, layer, node):
        weight, *bias = (torch.tensor(self.constants[name]) for name in node.input[1:])
        weight *= self.height.get(node.input[0], 1.0)
        layer.load_state_dict({"weight": weight} | ({"bias": bias[0]} if bias else {}))
        self.layers.append(layer.to(memory_format=LAYOUT).requires_grad_(False))
        return layer

    def Conv(self, node, strides, pads, dilations, group, kernel_shape):
        if pads[:2] != pads[2:]:
            raise ValueError(f"{node.name}: asymmetric padding")
        outputs, inputs = self.constants[node.input[1]].shape[:2]
        return self.weighted(torch.nn.Conv2d(inputs * group, outputs, kernel_shape, strides, pads[:2], dilations, group,
                                             bias=len(node.input) > 2), node)

    def Gemm(self, node, transB=0, alpha=1.0, beta=1.0):
        if (transB, alpha, beta) != (1, 1.0, 1.0):
            raise ValueError(f"{node.name}: not a plain linear layer")
        outputs, inputs = self.constants[node.input[1]].shape
        return self.weighted(torch.nn.Linear(inputs, outputs, bias=len(node.input) > 2), node)

    def Add(self, node):
        first, second = (self.height.get(name, 1.0) for name in node.input)
        if first == 1.0:
            return lambda x, y: torch.add(x, y, alpha=second)
        return lambda x, y: torch.add(x * first, y, alpha=second)

    def keep(self, node, run):
        self.height[node.output[0]] = self.height.get(node.input[0], 1.0)
        return run

    def GlobalAveragePool(self, node):
        return self.keep(node, lambda x: x.mean((2, 3), keepdim=True))

    def AveragePool(self, node, kernel_shape, strides, pads=(0, 0, 0, 0), ceil_mode=0, count_include_pad=0):
        return self.keep(node, torch.nn.AvgPool2d(kernel_shape, strides, pads[:2], bool(ceil_mode),
                                                  bool(count_include_pad)))

    def Flatten(self, node, axis=1):
        return self.keep(node, torch.nn.Flatten(axis))

    def execute(self, operations, values, neurons):
        last = {name: i for i, item in enumerate(operations) for name in item[1]}
        for i, (run, inputs, output, fires) in enumerate(operations):
            given = [values[name] for name in inputs]
            values[output] = neurons(run, given[0]) if fires else run(*given)
            del given
            for name in inputs:
                if last[name] == i:
                    values.pop(name, None)
        return values

    def currents(self, pixels):
        """Whatever is the same at every step."""
        return self.execute(self.still, {self.source: pixels}, None)

    def by_step(self, pixels, steps):
        """Logits summed over all steps, step by step."""
        fixed = self.currents(pixels)
        return sum(self.execute(self.moving, dict(fixed), lambda run, x: run(x))[self.sink] for _ in range(steps))

    def by_layer(self, pixels, steps):
        """The same, layer by layer: one call of a convolution sees the images of all steps."""
        def neurons(run, x):
            same = len(x) == len(pixels)
            current = x.expand(steps, *x.shape) if same else x.unflatten(0, (steps, len(pixels)))
            return run(current).flatten(0, 1).contiguous(memory_format=LAYOUT)

        logits = self.execute(self.moving, self.currents(pixels), neurons)[self.sink]
        return logits.unflatten(0, (steps, len(pixels))).sum(0)

    def compiled(self, pixels, steps):
        """As by_step, one step compiled as a whole with frozen weights."""
        if not hasattr(self, "compiled_step"):
            torch._inductor.config.freezing = True
            self.compiled_step = torch.compile(self.step)
        fixed = self.currents(pixels)
        logits, potentials = self.step(fixed, None)
        for _ in range(steps - 1):
            more, potentials = self.compiled_step(fixed, potentials)
            logits += more
        return logits

    def step(self, fixed, potentials):
        after = []

        def neurons(run, x):
            v = (potentials[len(after)] if potentials else run.threshold / 2) + x
            spikes = (v >= run.threshold).to(x.dtype)
            after.append(v - spikes * run.threshold)
            return spikes

        return self.execute(self.moving, dict(fixed), neurons)[self.sink], after


class DenseSnn:
    """A setting is the batch size. Every trial takes the next `count` of the images."""

    def __init__(self, label, network, how, batches, images, count, steps):
        self.label, self.network, self.how, self.count, self.steps = label, network, how, count, steps
        self.pixels, self.classes = torch.from_numpy(images[0]), images[1]
        self.settings = [batch for batch in batches if batch <= count] or [count]
        self.next = 0

    @torch.no_grad()
    def run(self, batch):
        taken = (self.next + np.arange(self.count // batch * batch)) % len(self.pixels)
        self.next = (self.next + self.count) % len(self.pixels)
        parts = self.pixels[taken].contiguous(memory_format=LAYOUT).split(batch)
        self.logits(parts[0], 2)
        with Meter() as meter:
            logits = [self.logits(part, self.steps) for part in parts]
        found = torch.cat(logits).argmax(1).numpy()
        return meter, len(found), int((found == self.classes[taken]).sum())

    def logits(self, pixels, steps):
        for node in self.network.neurons:
            node.reset()
        return getattr(self.network, self.how)(pixels, steps)


def sides(path, images, count, steps, threads, skipped):
    """{key: side}: PyTorch as it is, with SpikingJelly's neurons, and compiled."""
    torch.set_num_threads(threads)

    def side(label, neuron, how, *batches):
        return DenseSnn(label, Network(path, neuron), how, batches, images, count, steps)

    found = {"b-step": side("PyTorch, step by step", Step, "by_step", 8, 32),
             "b-layer": side("PyTorch, layer by layer", Steps, "by_layer", 2, 8)}
    if "spikingjelly" not in skipped:
        try:
            found["b-spikingjelly"] = side("SpikingJelly IFNode, multi-step", spikingjelly_node, "by_layer", 2, 8)
        except ImportError as error:
            print(f"(b-spikingjelly) left out: {error}")
    if "compiled" not in skipped:
        found["b-compiled"] = side("PyTorch, torch.compile", Step, "compiled", 32)
    return found
