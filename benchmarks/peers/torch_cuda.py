# SPDX-License-Identifier: Apache-2.0
"""What PyTorch takes on a CUDA device for the work of factorize_cuda and gradient_cuda.

usage: python benchmarks/peers/torch_cuda.py

Needs a PyTorch that sees a device. Prints seconds of torch.linalg.svd for one matrix of each of
Llama-3-8B's shapes, and the microseconds of autograd through the composed matrix."""

import torch


def best_seconds(work, rounds, calls):
    """The best of all rounds but the first, by events in the stream."""
    best = float("inf")
    for number in range(rounds + 1):
        begin = torch.cuda.Event(enable_timing=True)
        end = torch.cuda.Event(enable_timing=True)
        begin.record()
        for _ in range(calls):
            work()
        end.record()
        end.synchronize()
        if number > 0:
            best = min(best, 1e-3 * begin.elapsed_time(end) / calls)
    return best


def weight(m, n):
    """0.02 N(0,1) and 32 directions above the bulk, as support/llama_weights.cuh makes them."""
    w = 0.02 * torch.randn(m, n, device="cuda")
    edge = 0.02 * (m**0.5 + n**0.5)
    left = torch.nn.functional.normalize(torch.randn(m, 32, device="cuda"), dim=0)
    right = torch.nn.functional.normalize(torch.randn(32, n, device="cuda"), dim=1)
    sizes = 30.0 * edge * torch.arange(1, 33, device="cuda", dtype=torch.float32) ** -1.1
    return w + (left * sizes) @ right


def factorize():
    total = 0.0
    for (m, n), count in {(4096, 4096): 64, (1024, 4096): 64, (14336, 4096): 64,
                          (4096, 14336): 32}.items():
        w = weight(m, n)
        seconds = best_seconds(lambda: torch.linalg.svd(w, full_matrices=False), 2, 1)
        u, s, vt = (part.double() for part in torch.linalg.svd(w, full_matrices=False))
        error = ((u * s) @ vt - w.double()).norm() / w.norm()
        print(f"torch.linalg.svd, one {m} x {n}: {seconds:.3f} s, reconstruction {error:.1e}")
        total += count * seconds
    print(f"torch.linalg.svd, 224 matrices of Llama-3-8B: {total:.1f} s")


def gradient(size=4096):
    kind = {"device": "cuda", "dtype": torch.bfloat16}
    u = torch.randn(size, size, **kind)
    s = torch.rand(size, **kind) + 0.5
    vt = torch.randn(size, size, **kind)
    z = torch.ones(size, requires_grad=True, **kind)
    for rows in (64, 256, 1024, 4096, 16384):
        x = torch.randn(rows, size, **kind)
        delta = torch.randn(rows, size, **kind)

        def step(composed):
            z.grad = None
            (x @ composed().T).backward(delta)

        scaled = best_seconds(lambda: step(lambda: (u * (s * z)) @ vt), 40, 10)
        diagonal = best_seconds(lambda: step(lambda: u @ torch.diag_embed(s * z) @ vt), 20, 5)
        print(f"autograd, {rows} rows, bfloat16: (u * (s * z)) @ vt {1e6 * scaled:.1f} us, "
              f"u @ diag_embed(s * z) @ vt {1e6 * diagonal:.1f} us")


if __name__ == "__main__":
    torch.manual_seed(0)
    print(f"PyTorch {torch.__version__}, {torch.cuda.get_device_name()}")
    factorize()
    gradient()
