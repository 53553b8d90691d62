"""Long utterances in pieces of a length that a model can learn from."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from chorus.options import options
from chorus.survey.cuts import Span

Seconds = Annotated[float, Field(gt=0, le=600)]


@options
class CutOptions:
    """How utterances become samples. All in seconds.

    seconds: length of a cut; overlap: of neighbouring cuts.
    shortest, longest: of what is cut; an utterance of up to `longest` stays whole.
    min_seconds: shorter utterances are left out.
    """

    seconds: Seconds = 7.5
    overlap: Annotated[float, Field(ge=0, le=600)] = 2.5
    shortest: Seconds = 5.0
    longest: Seconds = 10.0
    min_seconds: Seconds = 1.0

    def __post_init__(self) -> None:
        if not self.shortest <= self.seconds <= self.longest:
            raise ValueError("seconds must lie between shortest and longest")
        if self.overlap >= self.seconds:
            raise ValueError("overlap must be less than seconds")
        if self.seconds + self.shortest - self.overlap > self.longest:
            raise ValueError(
                "the rest of an utterance must fit: seconds + shortest - overlap <= longest"
            )


def cuts(seconds: float, options: CutOptions) -> list[Span]:
    """The pieces of an utterance, which together are all of it; none when it is too short.

    Cuts follow each other with the overlap. A rest that is shorter than `shortest` belongs to the last cut.
    """
    if seconds < options.min_seconds:
        return []
    if seconds <= options.longest:
        return [Span(0.0, seconds)]
    step = options.seconds - options.overlap
    # A quotient of 2.9999999999999996 is 3, or one whole cut would be given to the rest.
    whole = int((seconds - options.seconds) / step + 1e-9) + 1
    spans = [Span(number * step, number * step + options.seconds) for number in range(whole)]
    if seconds - whole * step >= options.shortest:
        return [*spans, Span(whole * step, seconds)]
    return [*spans[:-1], Span(spans[-1].onset, seconds)]
