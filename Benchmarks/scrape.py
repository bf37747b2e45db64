"""Row 8: what a scrape costs at 100 and at 10,000 PLCs, and what ten scrapers do to the polls."""

import sys
import threading
import time

from plant import Engine, Plant, cpu_seconds, difference, histogram, median, quantile

TARGETS = {100: 0.010, 10_000: 0.150}


class Scrapers:
    """So many clients that scrape once a second each."""

    def __init__(self, engine, count):
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.work, args=(engine, index / count)) for index in range(count)]
        self.done = 0
        for thread in self.threads:
            thread.start()

    def work(self, engine, delay):
        time.sleep(delay)
        while not self.over.wait(1):
            engine.scrape()
            self.done += 1

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


def polls(engine, seconds, scrapers):
    """How late polls began over so long, and what the engine's process spent."""
    before, cpu = engine.metrics(), cpu_seconds(engine.pid)
    crowd = Scrapers(engine, scrapers) if scrapers else None
    time.sleep(seconds)
    if crowd:
        crowd.stop()
    spent = cpu_seconds(engine.pid) - cpu
    buckets = difference(
        histogram(engine.metrics(), "fabgitops_poll_delay_seconds"), histogram(before, "fabgitops_poll_delay_seconds"))
    return {
        "polls": buckets[max(buckets)], "p50": quantile(buckets, 0.5), "p99": quantile(buckets, 0.99),
        "p999": quantile(buckets, 0.999), "cpu": spent / seconds, "scrapes": crowd.done if crowd else 0}


def measure(count, scrapes=21, seconds=15, rounds=3):
    with Plant(count) as plant, Engine(plant, observe=True) as engine:
        time.sleep(3)
        engine.scrape()
        times, sizes = [], []
        cpu = cpu_seconds(engine.pid)
        began = time.monotonic()
        for _ in range(scrapes):
            time.sleep(1)
            took, body = engine.scrape()
            times.append(took)
            sizes.append(len(body))
        spent = cpu_seconds(engine.pid) - cpu
        alone, crowded = [], []
        elapsed = time.monotonic() - began
        for _ in range(rounds):
            alone.append(polls(engine, seconds, 0))
            crowded.append(polls(engine, seconds, 10))
        plain = engine.scrape("identity")
    idle = median([r["cpu"] for r in alone])
    return {
        "row": 8, "plcs": count, "median": median(times), "worst": max(times), "target": TARGETS.get(count),
        "bytes": int(median(sizes)), "plain_bytes": len(plain[1]), "plain_seconds": plain[0],
        "cpu_per_scrape": max(0.0, spent - idle * elapsed) / scrapes, "alone": alone, "crowded": crowded}


def report(result):
    verdict = "met" if result["median"] <= result["target"] else "missed"
    print(f"8  /metrics at {result['plcs']} PLCs: median {result['median'] * 1000:.1f} ms, "
          f"worst {result['worst'] * 1000:.1f} ms, target {result['target'] * 1000:.0f} ms: {verdict}; "
          f"{result['cpu_per_scrape'] * 1000:.1f} ms CPU, {result['bytes']} bytes packed of {result['plain_bytes']}")
    for name in ("alone", "crowded"):
        rounds = result[name]
        print(f"   polls {'with ten scrapers' if name == 'crowded' else 'without'}: late at p50 <= "
              f"{median([r['p50'] for r in rounds]) * 1000:.0f} ms, p99 <= {median([r['p99'] for r in rounds]) * 1000:.0f}"
              f" ms, p99.9 <= {median([r['p999'] for r in rounds]) * 1000:.0f} ms, "
              f"{sum(r['polls'] for r in rounds)} polls, {median([r['cpu'] for r in rounds]) * 100:.1f} % of a core")


if __name__ == "__main__":
    for argument in sys.argv[1:] or ["100", "10000"]:
        report(measure(int(argument)))
