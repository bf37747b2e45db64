"""Row 7: from the read that shows a drift to the read-back that shows it corrected, above three bare round trips."""

import json
import os
import time

from client import CheapPlant
from peers import result_of
from plant import Engine, Repository
from verdict import Figure, Row


def disk(folder, count=200):
    """What a durable append of a page costs here: median and 99th percentile, seconds."""
    path = folder / "probe"
    times = []
    with open(path, "wb", buffering=0) as file:
        for _ in range(count):
            began = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    path.unlink()
    times.sort()
    return times[count // 2], times[count * 99 // 100]


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def measure(options, count, seconds):
    every = 20_000 * 1000 // count
    with CheapPlant(options.peers, count, every) as plant, CheapPlant(options.peers, 1) as still:
        with Repository([("127.0.0.1", plant.first + index, 1) for index in range(count)]) as repository:
            flush = disk(repository.folder)
            with Engine(repository, settled=0.9):
                time.sleep(seconds)
                bare = result_of(
                    [options.peers.program("epoll_client"), "127.0.0.1", still.first, 1, 1, min(5, seconds), 1, 5000])
                times = json.loads(plant.end().strip().splitlines()[-1])["times_us"]
    return {"times_us": times, "trip_us": bare["p50_us"], "flush_us": [1e6 * value for value in flush]}


def row_7(options):
    count = options.size(1000)
    runs = [measure(options, count, options.seconds) for _ in range(options.rounds)]
    times = [time for run in runs for time in run["times_us"]]
    trip = sorted(run["trip_us"] for run in runs)[len(runs) // 2]
    flush = [sorted(run["flush_us"][index] for run in runs)[len(runs) // 2] / 1000 for index in (0, 1)]
    above = [(time - 2 * trip) / 1000 for time in times]
    return Row(7, f"drift read -> corrected and verified, {count} PLCs x 1/s, journal on disk", [Figure(
        "p99 above three bare round trips", quantile(above, 0.99), " ms", 2.0,
        beside=f"median {quantile(above, 0.5):.2f} ms, worst {max(above):.1f} ms of {len(times)}; a bare round trip "
               f"{trip} us; a durable write here {flush[0]:.2f} ms, {flush[1]:.2f} ms at p99",
        obstacle="the audit record is on the disk before the frame is sent, so the disk's own time is in it")],
        {"ours": runs})
