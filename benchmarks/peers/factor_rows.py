# SPDX-License-Identifier: Apache-2.0
"""Thin SVDs of the matrices that a program of ours wrote (benchmarks/support/factor_rows.hpp).

Each arrangement of each library runs in processes of its own, which have ended before the next
start: idle threads of one would take a core from another. For every row of matrices it prints

  ROW row library_arrangement seconds

and at the end, on a line of its own, the least seconds of the first row."""

import json
import multiprocessing
import os
import subprocess
import sys
import time
from importlib.metadata import version
from importlib.util import find_spec

# run.sh's --threads; a process of an arrangement may have fewer of its own.
THREADS = int(os.environ.get("SVFMATH_PEER_THREADS") or os.environ["OPENBLAS_NUM_THREADS"])
LIBRARIES = [name for name in ("numpy", "torch") if find_spec(name)]


def header_of(path):
    """The names of the rows in order, the tensors' entries, and where their bytes begin."""
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
    return header.pop("__metadata__")["rows"].split(), header, 8 + size


def read(path):
    """The names of the rows in order, and for each the list of its matrices."""
    import numpy

    names, header, begin_of_data = header_of(path)
    data = numpy.memmap(path, numpy.uint8, "r", begin_of_data)
    rows = {name: [] for name in names}
    for name, entry in sorted(header.items(), key=lambda item: int(item[0].split("/")[1])):
        begin, end = entry["data_offsets"]
        rows[name.split("/")[0]].append(
            numpy.array(data[begin:end]).view(numpy.float32).reshape(entry["shape"]))
    return names, rows


def loader(library, threads):
    """What turns an array into the library's own, and the SVD."""
    if library == "torch":
        import torch

        torch.set_num_threads(threads)
        return torch.from_numpy, lambda w: torch.linalg.svd(w, full_matrices=False)
    import numpy

    return lambda w: w, lambda w: numpy.linalg.svd(w, full_matrices=False)


def best_seconds(work):
    """As on our side: 3 calls, fewer where they take more than 10 s, up to 1000 within 0.3 s."""
    best, total, calls = float("inf"), 0.0, 0
    while calls < 1000 and total < (10.0 if calls < 3 else 0.3):
        start = time.perf_counter()
        work()
        seconds = time.perf_counter() - start
        best, total, calls = min(best, seconds), total + seconds, calls + 1
    return best


class Worker:
    """The state of a process that takes one matrix after the other."""

    def __init__(self, path, library, barrier):
        convert, Worker.svd = loader(library, 1)
        names, rows = read(path)
        Worker.rows = {name: [convert(w) for w in rows[name]] for name in names}
        Worker.svd(Worker.rows[names[0]][0])
        barrier.wait()

    @staticmethod
    def work(job):
        name, index = job
        Worker.svd(Worker.rows[name][index])


def on_threads(path, library):
    convert, svd = loader(library, THREADS)
    names, rows = read(path)
    for name in names:
        matrices = [convert(w) for w in rows[name]]
        svd(matrices[0])
        seconds = best_seconds(lambda: [svd(w) for w in matrices])
        print(f"ROW {name} {library}_{THREADS}_threads {seconds:.6g}", flush=True)


def on_processes(path, library):
    names, rows = read(path)
    costs = {name: [w.size * min(w.shape) for w in rows[name]] for name in names}
    jobs = {name: sorted(((name, i) for i in range(len(costs[name]))),
                         key=lambda job: -costs[job[0]][job[1]])
            for name in names if len(rows[name]) > 1}
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(THREADS)
    with context.Pool(THREADS, Worker, (path, library, barrier)) as pool:
        for name in jobs:
            pool.map(Worker.work, jobs[name][-THREADS:], chunksize=1)
            seconds = best_seconds(lambda: pool.map(Worker.work, jobs[name], chunksize=1))
            print(f"ROW {name} {library}_{THREADS}_processes {seconds:.6g}", flush=True)


ARRANGEMENTS = {"threads": on_threads, "processes": on_processes}


def measure(path, library, arrangement):
    """What one arrangement prints, in a process that has ended when this returns."""
    threads = str(THREADS if arrangement == "threads" else 1)
    environment = {**os.environ, "SVFMATH_PEER_THREADS": str(THREADS)}
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        environment[name] = threads
    return subprocess.run([sys.executable, __file__, path, library, arrangement], check=True,
                          stdout=subprocess.PIPE, text=True, env=environment).stdout


def run(program):
    path = os.path.join(os.environ["SVFMATH_BENCHMARK_FILES"], f"{program}.safetensors")
    names, tensors, _ = header_of(path)
    arrangements = ["threads"]
    if THREADS > 1 and len(tensors) > len(names):
        arrangements.append("processes")
    print(", ".join(f"{library} {version(library)}" for library in LIBRARIES))
    best = float("inf")
    for library in LIBRARIES:
        for arrangement in arrangements:
            output = measure(path, library, arrangement)
            print(output, end="")
            for line in output.splitlines():
                _, row, _, seconds = line.split()
                if row == names[0]:
                    best = min(best, float(seconds))
    print(f"{best:.6g}")


if __name__ == "__main__":
    ARRANGEMENTS[sys.argv[3]](sys.argv[1], sys.argv[2])
