"""The demo's sites and recorders, as data: where each recorder stands, how it hears, and what else is heard there.

The two background spectra are measured; everything else is a plausible invention. Sylvan Pond (the OOD site) and the
Upper Basin (the candidate pool) have confusers that the training sites hardly know: that is what hard negatives teach.
"""

from __future__ import annotations

from dataclasses import dataclass

Range = tuple[float, float]
NONE_DB = -60.0  # a level that stands for "not there"
NONE = (NONE_DB, NONE_DB)

OOD_SITE = "Sylvan Pond"
CANDIDATE_SITE = "Upper Basin"

SPECTRA: dict[str, dict[float, float]] = {  # background level in dB re 1.4 kHz at frequencies in Hz
    "field": {45: 11, 90: 13, 180: 7, 350: 4, 700: 3, 1400: 0, 2500: -2.5, 4000: -4, 7000: -5, 12000: -5, 17000: -3,
              24000: -4},
    "archive": {45: 28, 90: 15, 180: 10, 350: 6, 700: 4, 1400: 0, 2500: -6, 4000: -13, 7000: -20, 12000: -32,
                24000: -50},
}  # fmt: skip


@dataclass(frozen=True)
class Site:
    """What a place sounds like.

    background: a word for descriptions.
    wind, water, traffic: level in dB re the recorder's background, drawn once a night, or NONE.
    ambient: sounds that go on all through a night: share of the nights that have it, and its level in dB in its band.
    confusers: how often each is heard, relative to one another.
    loudness: level of the confusers in dB over the background of their band.
    """

    background: str
    wind: Range
    water: Range
    traffic: Range
    ambient: dict[str, tuple[float, Range]]
    confusers: dict[str, float]
    loudness: Range = (2, 24)


SITES: dict[str, Site] = {
    "Wheatley Pond": Site(
        "pond", (-10, 4), NONE, (-14, -4), {"chorus": (0.75, (-4, 22))},
        {"Pacific chorus frog": 5, "toad": 2, "boreal chorus frog": 1, "dog": 2, "aircraft": 2, "rain": 1, "insects": 2,
         "handling": 1, "leopard frog": 1, "bullfrog": 0.3},
    ),
    "Wheatley Stream": Site(
        "creek", (-14, 0), (-8, 4), NONE, {"gurgle": (0.5, (-6, 4)), "chorus": (0.3, (-4, 14))},
        {"Pacific chorus frog": 4, "toad": 2, "spring peeper": 1, "gurgle": 2, "rain": 2, "dog": 1, "aircraft": 2,
         "handling": 1, "wood frog": 1, "dove": 0.3},
    ),
    "Cole Creek": Site(
        "creek", (-14, 2), (-4, 6), NONE, {"gurgle": (0.6, (-6, 6)), "insects": (0.3, (-2, 12))},
        {"Pacific chorus frog": 3, "gray treefrog": 1, "spadefoot": 1, "toad": 2, "gurgle": 3, "insects": 2, "rain": 1,
         "aircraft": 1, "owl": 0.3},
    ),
    "Rancho Meling": Site(
        "ranch", (-4, 10), NONE, NONE, {"insects": (0.6, (2, 18)), "chorus": (0.5, (-4, 18))},
        {"toad": 3, "spadefoot": 2, "dog": 3, "insects": 3, "Pacific chorus frog": 3, "handling": 1, "aircraft": 1,
         "narrowmouth toad": 0.5, "dove": 0.3},
    ),
    OOD_SITE: Site(
        "urban pond", (-12, 2), NONE, (-2, 8), {"chorus": (0.6, (2, 24)), "gurgle": (0.2, (-4, 8))},
        {"bullfrog": 5, "green frog": 3, "dove": 1.5, "owl": 1.5, "dog": 1, "aircraft": 1.5, "Pacific chorus frog": 2,
         "barking treefrog": 1.5, "pickerel frog": 1, "gurgle": 1, "toad": 1},
        loudness=(6, 28),
    ),
    CANDIDATE_SITE: Site(
        "marsh", (-10, 6), (-20, 2), NONE, {"chorus": (0.5, (-4, 18)), "insects": (0.4, (0, 14))},
        {"bullfrog": 1.6, "green frog": 0.8, "barking treefrog": 1.2, "gurgle": 0.8, "dove": 0.8, "owl": 0.8,
         "pickerel frog": 1, "leopard frog": 2, "wood frog": 1, "Pacific chorus frog": 5, "gray treefrog": 2, "toad": 4,
         "spring peeper": 2, "narrowmouth toad": 1, "insects": 2, "rain": 1.5, "dog": 4, "aircraft": 3},
        loudness=(4, 30),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Recorder:
    """A recorder and its place: season, share of the site's clips, response, noise and echo.

    response: low cut in Hz, tilt in dB an octave re 1 kHz, bump as (Hz, dB; an octave wide), high cut in Hz.
    floor: the recorder's own white noise in dB re the background at 1.4 kHz.
    echo: level of the reverberant tail in dB, and its decay by 60 dB in s.
    """

    site: str
    first_night: str
    nights: int
    share: float
    spectrum: str
    low_cut: float
    tilt: float
    bump: Range
    high_cut: float
    floor: float
    echo: Range


RECORDERS: dict[str, Recorder] = {
    "Moth01": Recorder(
        "Wheatley Pond", "2021-02-12", 22, 1.6, "field", 60, 0.0, (3500, 2), 22000, -8, (-12, 0.12)
    ),
    "Moth02": Recorder(
        "Wheatley Pond", "2021-02-12", 24, 1.0, "field", 80, 0.3, (3000, 3), 22000, -6, (-10, 0.15)
    ),
    "Moth03": Recorder(
        "Wheatley Pond", "2021-02-20", 20, 0.7, "field", 70, -0.3, (4000, 2), 21000, -8, (-14, 0.10)
    ),
    "Moth04": Recorder(
        "Wheatley Pond",
        "2021-03-01",
        24,
        1.2,
        "archive",
        60,
        0.0,
        (2500, 1),
        15000,
        -22,
        (-9, 0.20),
    ),
    "Moth05": Recorder(
        "Wheatley Pond", "2021-03-05", 18, 0.5, "field", 90, 0.4, (3500, 3), 22000, -5, (-11, 0.14)
    ),
    "Moth06": Recorder(
        "Wheatley Stream",
        "2021-02-15",
        24,
        0.9,
        "field",
        60,
        -0.2,
        (3000, 2),
        22000,
        -8,
        (-8, 0.25),
    ),
    "Moth07": Recorder(
        "Wheatley Stream",
        "2021-02-22",
        22,
        1.4,
        "archive",
        50,
        0.0,
        (2000, 1),
        12000,
        -24,
        (-7, 0.30),
    ),
    "Moth08": Recorder(
        "Cole Creek", "2021-03-03", 24, 1.8, "field", 70, 0.2, (3500, 2), 22000, -7, (-6, 0.30)
    ),
    "Moth09": Recorder(
        "Wheatley Stream", "2021-03-10", 20, 0.6, "field", 80, 0.1, (4500, 3), 21000, -6, (-9, 0.22)
    ),
    "Moth10": Recorder(
        "Wheatley Stream",
        "2021-03-12",
        24,
        1.1,
        "field",
        60,
        0.0,
        (3000, 2),
        22000,
        -8,
        (-10, 0.20),
    ),
    "Moth11": Recorder(
        OOD_SITE, "2022-02-18", 24, 1.0, "archive", 110, -0.9, (900, 5), 10500, -18, (-5, 0.34)
    ),
    "Moth12": Recorder(
        OOD_SITE, "2022-02-25", 22, 0.7, "archive", 140, -0.6, (1300, 6), 13000, -14, (-6, 0.30)
    ),
    "Moth13": Recorder(
        "Rancho Meling", "2021-03-06", 24, 1.5, "field", 50, -0.4, (2500, 2), 20000, -8, (-16, 0.07)
    ),
    "SM2": Recorder(
        CANDIDATE_SITE, "2020-03-02", 20, 1.0, "field", 40, 0.0, (5000, 2), 22000, -9, (-10, 0.16)
    ),
    "SM9": Recorder(
        CANDIDATE_SITE,
        "2020-03-08",
        18,
        1.4,
        "archive",
        60,
        -0.4,
        (1100, 3),
        14000,
        -18,
        (-7, 0.26),
    ),
    "SM10": Recorder(
        CANDIDATE_SITE, "2020-03-15", 22, 0.8, "field", 50, -0.2, (4000, 3), 20000, -7, (-12, 0.12)
    ),
}
