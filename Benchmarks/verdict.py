"""What a row of the benchmark comes to: figures beside targets, and for a missed one what stands in the way."""

import dataclasses


@dataclasses.dataclass
class Figure:
    """One measured value and what it should be: at most `target`, or at least."""

    name: str
    value: float
    unit: str
    target: float
    at_least: bool = False
    # What was measured, in the units of the machine: ours and the peer's.
    beside: str = ""
    # Of a missed one.
    obstacle: str = ""

    @property
    def met(self):
        return self.value >= self.target if self.at_least else self.value <= self.target

    def line(self):
        sign = ">=" if self.at_least else "<="
        value = f"{self.value:.3g}" if abs(self.value) < 1000 else f"{self.value:.0f}"
        return (f"   {'met   ' if self.met else 'MISSED'} {self.name}: {value}{self.unit} "
                f"(target {sign} {self.target:g}{self.unit}){'; ' + self.beside if self.beside else ''}")


@dataclasses.dataclass
class Row:
    number: int
    work: str
    figures: list = dataclasses.field(default_factory=list)
    # Every run, for the JSON.
    runs: dict = dataclasses.field(default_factory=dict)
    # What a reader should know besides.
    notes: list = dataclasses.field(default_factory=list)
    # Why there are no figures, and how to get them.
    missing: str = ""

    def show(self):
        print(f"{self.number:>2} {self.work}")
        if self.missing:
            print(f"   not measured: {self.missing}")
        for figure in self.figures:
            print(figure.line())
            if not figure.met and figure.obstacle:
                print(f"          in the way: {figure.obstacle}")
        for note in self.notes:
            print(f"   {note}")
        print(end="", flush=True)

    def record(self):
        return dataclasses.asdict(self) | {"met": [figure.met for figure in self.figures]}


def close(rows):
    """One line for each target, at the end."""
    print("\n row | target | figure | verdict\n-----|--------|--------|--------")
    for row in rows:
        if row.missing:
            print(f" {row.number:>3} | {row.work} | | not measured: {row.missing}")
        for figure in row.figures:
            sign = "≥" if figure.at_least else "≤"
            value = f"{figure.value:.3g}" if abs(figure.value) < 1000 else f"{figure.value:.0f}"
            print(f" {row.number:>3} | {figure.name} {sign} {figure.target:g}{figure.unit} | {value}{figure.unit} | "
                  f"{'met' if figure.met else 'missed'}")
    figures = [figure for row in rows for figure in row.figures]
    print(f"\n{sum(figure.met for figure in figures)} of {len(figures)} targets met, "
          f"{sum(bool(row.missing) for row in rows)} rows not measured")
