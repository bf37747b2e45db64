"""Row 8: what a scrape costs at 100 and at 10,000 PLCs, and what ten scrapers do to the polls."""

import threading
import time

from plant import Engine, Plant, cpu_seconds, difference, histogram, median, quantile
from verdict import Figure, Row

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
    with Plant(count) as plant, Engine(plant, observe=True, settled=0.99) as engine:
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
        "plcs": count, "median": median(times), "worst": max(times), "bytes": int(median(sizes)), "plain_bytes": len(plain[1]), "plain_seconds": plain[0],
        "cpu_per_scrape": max(0.0, spent - idle * elapsed) / scrapes, "alone": alone, "crowded": crowded}


def row_8(options):
    counts = [count for count in TARGETS if count <= options.size(10_000)]
    row = Row(8, "/metrics, scraped as Prometheus does")
    for count in counts:
        found = measure(count, scrapes=5 if options.quick else 21, seconds=options.seconds,
                        rounds=max(1, options.rounds // 2))
        row.runs[count] = found
        row.figures.append(Figure(
            f"median at {count} PLCs", found["median"] * 1000, " ms", TARGETS[count] * 1000,
            beside=f"worst {found['worst'] * 1000:.1f} ms; {found['cpu_per_scrape'] * 1000:.1f} ms of CPU; "
                   f"{found['bytes']} bytes packed of {found['plain_bytes']}",
            obstacle="looking at each device; and the wait for a core: look at the load above"))
        late = {name: median([run["p99"] for run in found[name]]) * 1000 for name in ("alone", "crowded")}
        row.figures.append(Figure(
            f"polls late at p99 at {count} PLCs with ten scrapers a second, above without",
            late["crowded"] - late["alone"], " ms", 0, beside=f"<= {late['crowded']:.0f} ms, without <= {late['alone']:.0f} ms; "
            f"CPU {median([run['cpu'] for run in found['crowded']]) * 100:.1f} % of a core, without "
            f"{median([run['cpu'] for run in found['alone']]) * 100:.1f} %",
            obstacle="the process waits for a core: look at the load above"))
    return row
