#!/usr/bin/env python3
"""Spikes of networks that snnTorch, Norse, Sinabs, SpikingJelly and Rockpool export as NIR, and of one of Nengo's neurons,
beside ours.

    python3 tests/golden/nir_spikes_peer.py build/release/experiments/cli/rheobase

Wants the packages nir, torch, h5py and any of snntorch, norse, sinabs, spikingjelly, rockpool, nengo (PyPI). Each tool builds a network of
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


def snntorch_network(currents=False, reset="zero", delay=False, options=()):
    import snntorch
    from snntorch.export_nir import export_to_nir
    first, second = layers()
    how = {"init_hidden": True, "reset_mechanism": reset, "reset_delay": delay}

    def cell(n, beta, threshold):
        many = {"beta": torch.full((n,), beta), "threshold": torch.full((n,), threshold), **how}
        return snntorch.Synaptic(alpha=torch.full((n,), 0.6), **many) if currents else snntorch.Leaky(**many)

    cells = [cell(HIDDEN, 0.9, 1.0), cell(CLASSES, 0.8, 0.7)]
    net = torch.nn.Sequential(first, cells[0], second, cells[1])

    def step(x, state):
        return net(x), 0

    for layer in cells:
        layer.reset_mem()
    graph = export_to_nir(net, torch.zeros(1, INPUTS), ignore_dims=[0])
    for layer in cells:
        layer.reset_mem()
    return graph, step, options


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


def rockpool_network():
    from rockpool.nn.combinators import Sequential
    from rockpool.nn.modules import LIFTorch, LinearTorch
    from rockpool.nn.modules.torch.nir import to_nir
    first, second = layers()
    shapes = ((first, INPUTS, HIDDEN, 0.02, 4.0), (second, HIDDEN, CLASSES, 0.03, 6.0))
    modules = []
    for layer, inputs, outputs, tau, threshold in shapes:
        modules.append(LinearTorch((inputs, outputs), weight=layer.weight.T.clone(), bias=layer.bias.clone(), has_bias=True))
        modules.append(LIFTorch(outputs, tau_mem=tau, tau_syn=tau / 2, threshold=threshold, dt=1e-3))
    net = Sequential(*modules)
    graph = to_nir(net, torch.zeros(1, 1, INPUTS))

    def run(images):
        spikes = []
        for image in images:
            net.reset_state()
            spikes.append(net(image.repeat(1, STEPS, 1))[0][0].numpy())
        return np.stack(spikes)

    return graph, run, []


def nengo_network():
    """Nengo writes no NIR: a file as its converters read them, and its LIF step by step; a spike is worth 1 / dt."""
    import nengo
    dt, taus, thresholds = 1e-3, (0.02, 0.01), (0.4, 0.05)
    first, second = layers()
    second.weight.data *= dt
    affine = [nir.Affine(layer.weight.numpy(), layer.bias.numpy()) for layer in (first, second)]
    lif = [nir.LIF(tau=np.full(n, tau), r=np.ones(n), v_leak=np.zeros(n), v_threshold=np.full(n, threshold))
           for n, tau, threshold in zip((HIDDEN, CLASSES), taus, thresholds)]
    graph = nir.NIRGraph.from_list(nir.Input(np.array([INPUTS])), affine[0], lif[0], affine[1], lif[1],
                                   nir.Output(np.array([CLASSES])))

    def run(images):
        kinds = [nengo.LIF(tau_rc=tau, tau_ref=0) for tau in taus]
        all_spikes = []
        for image in images:
            states = [{name: np.zeros(n) for name in ("voltage", "refractory_time")} for n in (HIDDEN, CLASSES)]
            outs = [np.zeros(HIDDEN), np.zeros(CLASSES)]
            rows = []
            for _ in range(STEPS):
                signal = image.numpy().astype(np.float64)
                for k, layer in enumerate((first, second)):
                    current = (layer.weight.numpy() @ signal + layer.bias.numpy()) / thresholds[k]
                    kinds[k].step(dt, current, outs[k], **states[k])
                    signal = outs[k]
                rows.append(signal.copy())
            all_spikes.append(rows)
        return np.array(all_spikes)

    return graph, run, []


def ours(program, folder, name, graph, images, options):
    file, model, recording = (f"{folder}/{name}.{ending}" for ending in ("nir", "h5", "run.h5"))
    nir.write(file, graph)
    np.savez(f"{folder}/data.npz", images=images.numpy(), labels=np.zeros(len(images), np.int64) + CLASSES - 1)
    subprocess.run([program, "convert", file, model, "--dialect", name, "--quiet", *options], check=True)
    subprocess.run([program, "run", model, "--data", f"npz:{folder}/data.npz", "--steps", str(STEPS), "--record",
                    recording, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    with h5py.File(recording) as opened:
        return np.diff(opened["logits"][:], axis=1, prepend=0), opened["spike_counts"][:]


def compare(program, name, make, how=""):
    named = f"{name}{how}"
    try:
        graph, peer, options = make()
    except (ImportError, TypeError) as missing:  # or another version of the package nir
        return f"{named}: not here ({missing})"
    torch.manual_seed(2)
    images = torch.rand(SAMPLES, INPUTS) * 2
    with torch.no_grad():
        theirs = peer(images) if name in ("sinabs", "rockpool", "nengo") else simulated(peer, images)
    with tempfile.TemporaryDirectory() as folder:
        found, counts = ours(program, folder, name, graph, images, options)
    wrong = np.argwhere(found != theirs)
    spikes = int(theirs.sum() / (theirs.max() if name == "nengo" else 1))
    if len(wrong) == 0:
        return f"{named}: {spikes} spikes of the last layer in {SAMPLES} samples x {STEPS} steps, all equal"
    sample, step, neuron = wrong[0]
    samples = len(set(wrong[:, 0]))
    return (f"{named}: {len(wrong)} of {found.size} differ, in {samples} of {SAMPLES} samples; the first in sample "
            f"{sample}, step {step + 1}, neuron {neuron}: {found[sample, step, neuron]} for {theirs[sample, step, neuron]}")


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    for tool, make_network in (("snntorch", snntorch_network), ("norse", norse_network), ("sinabs", sinabs_network),
                               ("spikingjelly", spikingjelly_network), ("rockpool", rockpool_network),
                               ("nengo", nengo_network)):
        print(compare(sys.argv[1], tool, make_network), flush=True)
    # What its users may choose and its files do not say.
    for word, currents, delay in (("delayed", False, True), ("delayed", True, True), ("subtract", False, False),
                                  ("zero", True, False)):
        reset = "zero" if word == "zero" else "subtract"
        print(compare(sys.argv[1], "snntorch", lambda c=currents, r=reset, d=delay, w=word:
                      snntorch_network(c, r, d, ["--reset", w]), f" {word}{', Synaptic' if currents else ''}"), flush=True)
