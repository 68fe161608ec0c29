#!/usr/bin/env python3
"""Spikes of networks that snnTorch, Norse, Sinabs and SpikingJelly export as NIR, beside ours.

    python3 tests/golden/nir_spikes_peer.py build/release/experiments/cli/rheobase

Wants the packages nir, torch, h5py and any of snntorch, norse, sinabs, spikingjelly (PyPI). Each tool builds a network of
two layers of neurons, runs it for 100 steps under a constant input, and exports it; we read the file in its dialect.
The same are the spikes of the last layer at every step and the sum of those of the first. Sums are added in another
order than torch's: a potential within rounding of its threshold may differ, which is told by sample and step.
"""

import subprocess
import sys
import tempfile

import h5py
import nir
import numpy as np
import torch

STEPS, SAMPLES, INPUTS, HIDDEN, CLASSES = 100, 20, 12, 30, 5


def layers():
    torch.manual_seed(1)
    first, second = torch.nn.Linear(INPUTS, HIDDEN), torch.nn.Linear(HIDDEN, CLASSES)
    second.weight.data *= 3
    return first, second


def simulated(step, images):
    """Spikes of the last layer, [N][T][K]; step(x, state) gives (spikes, state)."""
    state, spikes = None, []
    for _ in range(STEPS):
        out, state = step(images, state)
        spikes.append(out)
    return torch.stack(spikes, 1).numpy()


def snntorch_network():
    import snntorch
    from snntorch.export_nir import export_to_nir
    first, second = layers()
    how = {"init_hidden": True, "reset_mechanism": "zero", "reset_delay": False}
    cells = [snntorch.Leaky(beta=torch.full((n,), beta), threshold=torch.full((n,), threshold), **how)
             for n, beta, threshold in ((HIDDEN, 0.9, 1.0), (CLASSES, 0.8, 0.7))]
    net = torch.nn.Sequential(first, cells[0], second, cells[1])

    def step(x, state):
        return net(x), 0

    for layer in cells:
        layer.reset_mem()
    graph = export_to_nir(net, torch.zeros(1, INPUTS), ignore_dims=[0])
    for layer in cells:
        layer.reset_mem()
    return graph, step, []


def norse_network():
    import norse.torch as norse
    first, second = layers()
    cells = [norse.LIFBoxCell(norse.LIFBoxParameters(tau_mem_inv=torch.full((n,), inverse), v_leak=torch.zeros(n),
                                                     v_th=torch.full((n,), threshold), v_reset=torch.zeros(n)))
             for n, inverse, threshold in ((HIDDEN, 200.0, 0.4), (CLASSES, 100.0, 0.05))]
    net = norse.SequentialState(first, cells[0], second, cells[1])
    # In seconds: with its default of 0.001 to_nir() writes tau times dt.
    graph = norse.to_nir(net, torch.zeros(1, INPUTS), dt=1.0)
    return graph, lambda x, state: net(x, state), ["--dt", "0.001"]


def sinabs_network():
    import sinabs.layers
    import sinabs.nir
    first, second = layers()
    net = torch.nn.Sequential(first, sinabs.layers.IAFSqueeze(batch_size=1, min_v_mem=-1.0), second,
                              sinabs.layers.IAFSqueeze(batch_size=1, min_v_mem=-1.0))
    graph = sinabs.nir.to_nir(net, torch.zeros(1, INPUTS))

    def run(images):
        spikes = []
        for image in images:
            sinabs.reset_states(net)
            spikes.append(net(image.repeat(STEPS, 1)).numpy())
        return np.stack(spikes)

    return graph, run, []


def spikingjelly_network():
    from spikingjelly.activation_based import functional, neuron
    from spikingjelly.activation_based.nir_exchange import export_to_nir
    first, second = layers()
    net = torch.nn.Sequential(first, neuron.LIFNode(tau=4.0, decay_input=False, v_reset=0.0), second,
                              neuron.IFNode(v_reset=0.0))
    graph = export_to_nir(net, torch.zeros(1, INPUTS))
    functional.reset_net(net)
    return graph, lambda x, state: (net(x), 0), []


def ours(program, folder, name, graph, images, options):
    file, model, recording = (f"{folder}/{name}.{ending}" for ending in ("nir", "h5", "run.h5"))
    nir.write(file, graph)
    np.savez(f"{folder}/data.npz", images=images.numpy(), labels=np.zeros(len(images), np.int64) + CLASSES - 1)
    subprocess.run([program, "convert", file, model, "--dialect", name, "--quiet", *options], check=True)
    subprocess.run([program, "run", model, "--data", f"npz:{folder}/data.npz", "--steps", str(STEPS), "--record",
                    recording, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    with h5py.File(recording) as opened:
        return np.diff(opened["logits"][:], axis=1, prepend=0), opened["spike_counts"][:]


def compare(program, name, make):
    try:
        graph, peer, options = make()
    except (ImportError, TypeError) as missing:  # or another version of the package nir
        return f"{name}: not here ({missing})"
    torch.manual_seed(2)
    images = torch.rand(SAMPLES, INPUTS) * 2
    with torch.no_grad():
        theirs = peer(images) if name == "sinabs" else simulated(peer, images)
    with tempfile.TemporaryDirectory() as folder:
        found, counts = ours(program, folder, name, graph, images, options)
    wrong = np.argwhere(found != theirs)
    spikes = int(theirs.sum())
    if len(wrong) == 0:
        return f"{name}: {spikes} spikes of the last layer in {SAMPLES} samples x {STEPS} steps, all equal"
    sample, step, neuron = wrong[0]
    samples = len(set(wrong[:, 0]))
    return (f"{name}: {len(wrong)} of {found.size} differ, in {samples} of {SAMPLES} samples; the first in sample "
            f"{sample}, step {step + 1}, neuron {neuron}: {found[sample, step, neuron]} for {theirs[sample, step, neuron]}")


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    for tool, make_network in (("snntorch", snntorch_network), ("norse", norse_network), ("sinabs", sinabs_network),
                               ("spikingjelly", spikingjelly_network)):
        print(compare(sys.argv[1], tool, make_network), flush=True)
