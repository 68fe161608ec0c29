#!/usr/bin/env python3
"""Binary networks through the program: train, pack, run. RHEOBASE names the binary."""

import json
import math
import unittest

from cli_test import CliTest, ONNX, rheobase, write_idx

IMAGES = 24
SPEC = """network = "{network}"
data = "{data}"
normalize = "fashion-mnist"
epochs = 1
batch = 8

[optimizer]
name = "adam"

[learning_rate]
rate = 2e-3
"""


class Binary(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = f"mnist:{write_idx(cls.folder / 'noise', IMAGES)}"
        cls.trained, cls.packed = {}, {}
        for network in ("cnn_1w1a", "mlp_1w1a", "resnet20_1w1a"):
            spec = cls.folder / f"{network}.toml"
            spec.write_text(SPEC.format(network=network, data=cls.data))
            cls.trained[network] = cls.folder / f"{network}.h5"
            cls.packed[network] = cls.folder / f"{network}-packed.h5"
            for words in (["train", spec, "--out", cls.trained[network], "--quiet"],
                          ["convert", cls.trained[network], cls.packed[network], "--quiet"]):
                result = rheobase(*words)
                assert result.returncode == 0, result.stderr

    def result_of(self, model, *more):
        return json.loads(self.succeed("run", model, "--data", self.data, "--json", "-", *more))

    def test_the_packed_network_is_the_trained_one_on_every_device(self):
        for network, trained in self.trained.items():
            expected = self.result_of(trained, "--device", "reference")
            self.assertEqual(expected["steps"], 1)
            for model in (trained, self.packed[network]):
                for more in (["--device", "cpu"], ["--device", "reference"], ["--threads", 1, "--slots", 5]):
                    result = self.result_of(model, *more)
                    for key in ("steps", "samples", "accuracy", "SynapticOperations"):
                        self.assertEqual(result[key], expected[key], (network, key, more))

    def test_info_shows_binary_layers(self):
        nodes = json.loads(self.succeed("info", self.packed["cnn_1w1a"], "--json", "-"))["nodes"]
        self.assertEqual(sum(node["op"] == "BinaryConv2d" for node in nodes), 4)
        self.assertRegex(self.succeed("info", self.packed["cnn_1w1a"]), r"(?m)^conversion +bnn,")

    def test_info_counts_neurons_and_not_the_sums_before_them(self):
        for network in self.packed.values():
            info = json.loads(self.succeed("info", network, "--json", "-"))
            for node in info["nodes"]:
                is_neuron = node["op"] in ("Sign", "ReLU", "PReLU")
                self.assertEqual(node["neurons"], math.prod(node["shape"]) if is_neuron else 0, node["name"])
            self.assertGreater(info["neurons"], 0)
            self.assertEqual(info["neurons"], sum(node["neurons"] for node in info["nodes"]))

    def test_weights_take_a_bit_each(self):
        parameters = 512 * 512 * 2
        for model in (self.trained["mlp_1w1a"], self.packed["mlp_1w1a"]):
            real = (28 * 28 * 512 + 512 * 10) * 4
            self.assertLess(model.stat().st_size, real + parameters / 8 + 60000)
        footprint = {name: self.result_of(model["mlp_1w1a"])["Footprint"]
                     for name, model in (("trained", self.trained), ("packed", self.packed))}
        self.assertGreater(footprint["trained"] - footprint["packed"], parameters * 4 * 0.95)

    def test_what_is_not_binary_is_refused(self):
        target = self.folder / "out.h5"
        self.refuse("convert", ONNX, target, "--to", "bnn", naming=[ONNX.name, "no binary layer"])
        self.refuse("convert", self.packed["cnn_1w1a"], target, naming="converted already")
        trained = self.trained["cnn_1w1a"]
        self.refuse("convert", trained, target, "--to", "snn", naming=[trained.name, "binary activation"])
        self.refuse("convert", trained, target, "--arithmetic", "fixed", naming=[trained.name, "fixed"])


if __name__ == "__main__":
    unittest.main()
