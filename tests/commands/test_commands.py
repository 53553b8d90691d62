"""The command `chorus`, as a person types it: on a table of theirs, and where they mistype."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from chorus.commands import COMMANDS, GROUPS, main, parser
from chorus.commands.season import pictures_of
from chorus.errors import ParameterError
from folder import Folder
from tables_of_runs import grid

ROOT = Path(__file__).parents[2]
PUBLISHED = ["--table", str(ROOT / "data/reference/published_runs.yaml")]


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A table with a list, a missing figure and a constant factor, named column by column."""
    folder = tmp_path_factory.mktemp("mine")
    table = grid(
        {"quality": ["['high']", "['high', 'low']"], "balance": ["True", "False"], "all": ["1"]},
        (1, 2, 3, 4),
    )
    table.loc[0, "score"] = None
    table.to_csv(folder / "runs.csv", index=False)
    return [
        "--runs",
        str(folder / "runs.csv"),
        "--factors",
        "quality,balance,all",
        "--metrics",
        "score",
        "--run",
        "name",
    ]


def test_effects_of_any_table_of_runs(mine, capsys, tmp_path):
    main(["effects", *mine, "--reference", "quality=high", "--csv", str(tmp_path / "effects.csv")])
    shown = capsys.readouterr().out
    assert "quality: high+low - high" in shown and "balance: " in shown
    assert "1 left out (no figure)" in shown
    assert "score: 2 contrasts in 1 blocks." in shown
    assert len((tmp_path / "effects.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize("command", ["leaderboard", "power", "spread", "thresholds"])
def test_the_other_commands_take_it_too(command, mine, capsys):
    main([command, *mine])
    assert "all" in capsys.readouterr().out


def test_a_block_that_lacks_a_metric_is_ranked_by_another(tmp_path, capsys):
    table = grid({"quality": ["high", "low"]}, (1, 2)).assign(auprc="")
    table.to_csv(tmp_path / "runs.csv", index=False)
    about = ["--factors", "quality", "--metrics", "score,auprc"]
    main(["leaderboard", "--runs", str(tmp_path / "runs.csv"), *about])
    shown = capsys.readouterr().out
    assert "auprc" in shown and "quality=high" in shown


def test_coverage_and_compare(mine, capsys):
    main(["coverage", *mine, "--times", "20"])
    assert "False positives in score" in capsys.readouterr().out
    main(["compare", *mine, "one_001", "one_002"])
    shown = capsys.readouterr().out
    assert "paired by seed: 4 and 4 seeds" in shown
    assert "quality=high, balance=False" in shown.replace("A: one_001 and its seeds: ", "")


def test_a_night_of_the_published_model(capsys):
    figures = [
        "--precision",
        "0.897",
        "--recall",
        "0.875",
        "--positives",
        "1691",
        "--negatives",
        "1894",
    ]
    main(["nightly", *figures, "--clips", "8640", "--calls", "20"])
    shown = capsys.readouterr().out
    false_positives = 0.875 * 1691 * (1 / 0.897 - 1) / 1894 * 8620
    assert f"{false_positives:.1f}" in shown
    assert "Negatives times 1 - precision would be 888." in shown  # the published figure


def test_what_no_terminal_reads_has_one_width_and_no_colours(capsys):
    main(["leaderboard", *PUBLISHED, "--metric", "f1", "--only", "stage6"])
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines) <= 118
    assert not any("\x1b" in line or line != line.rstrip() for line in lines)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["effects"],
            "error: which runs? give a sweep (apart, encoders, leave_one_site_out, stage6), --table YAML, or --runs",
        ),
        (["power"], "error: which table? give --table YAML, or --runs CSV"),
        (
            ["leaderboard", "stage7"],
            "sweep: 'stage7' is not allowed: there is no sweeps/stage7.yaml; there are: apart",
        ),
        (["leaderboard", "stage6", "--summary"], "--summary is not allowed with a sweep"),
        (["leaderboard", "stage6", "--metrics", "ood.f1"], "--metrics is not allowed with a sweep"),
        (["effects", "stage6", "--reference", "a=b"], "--reference is not allowed with a sweep"),
        (["compare", "a", "b", "--block", "stage"], "--block is not allowed with a sweep"),
        (["leaderboard", *PUBLISHED, "--mixed"], "--mixed is not allowed with a table of runs"),
        (
            ["effects", "stage6", "--metric", "f2"],
            "--metric: 'f2' is not allowed: one of ood.f1, ood.precision",
        ),
        (
            ["compare", "stage9_001", "stage6_002"],
            "no sweep has a run 'stage9_001': name one with --sweep (apart, encoders",
        ),
        (["sweep", "stage6", "--jobs", "0"], "--jobs: 0 is not allowed: at least 1"),
        (["sweep", "stage6", "--dry-run", "--workers", "4"], "--workers is not allowed here"),
        (["sweep", "stage6", "--dry-run", "--job", "queue=x"], "--job is not allowed here"),
        (
            ["sweep", "stage6", "--dry-run", "--scheduler", "tcp://x:1", "--job", "queue=x"],
            "--job is not allowed here",
        ),
        (
            ["sweep", "stage6", "--dry-run", "--scheduler", "tcp://x:1", "--workers", "0"],
            "--workers: 0 is not allowed",
        ),
        (["effects", "--runs", "x.csv", "--table", "y.yaml"], "are not allowed together"),
        (
            ["effects", "--runs", "nowhere.csv", "--factors", "a", "--metrics", "b"],
            "there is no nowhere.csv",
        ),
        (
            ["effects", *PUBLISHED, "--metric", "speed"],
            "metric: 'speed' is not allowed: one of f1, precision",
        ),
        (
            ["power", *PUBLISHED, "--only", "stage99"],
            "block: 'stage99' is not allowed: one of 000, 01",
        ),
        (["compare", *PUBLISHED, "stage6_001", "stage6_1"], "run: 'stage6_1' is not allowed"),
        (["page", "nowhere.md"], "there is no nowhere.md"),
    ],
)
def test_a_mistake_is_one_sentence(arguments, message, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert message in str(stopped.value)
    assert "\n" not in str(stopped.value)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"g": ["1", "3"]}, "the tables have other groups of g"),
        ({}, "--group-by: 'g' is no column of both tables"),
    ],
)
def test_groups_that_one_table_lacks_are_one_sentence(groups, message, tmp_path):
    rows = {"clip": ["a", "b"], "truth": ["x", "y"], "prediction": ["x", "y"]}
    for name, more in (("a.csv", {"g": ["1", "2"]}), ("b.csv", groups)):
        pd.DataFrame(rows | more).to_csv(tmp_path / name, index=False)
    tables = [str(tmp_path / name) for name in ("a.csv", "b.csv")]
    with pytest.raises(SystemExit, match=message):
        main(["compare", "--predictions", *tables, "--group-by", "g"])


@pytest.mark.parametrize("content", ["survey:\nseed: 1\n", "seed: 1\n"])
def test_a_section_without_a_value_is_all_defaults(content, tmp_path, monkeypatch):
    (tmp_path / "params.yaml").write_text(content)
    monkeypatch.chdir(tmp_path)
    main(["check"])


def test_a_season_in_a_folder_with_empty_params_is_one_sentence(tmp_path):
    (tmp_path / "params.yaml").write_text("")
    with pytest.raises(ParameterError, match="holds no sections"):
        pictures_of(tmp_path / "params.yaml")


def test_a_reference_without_a_level_is_refused(mine):
    with pytest.raises(SystemExit, match="--reference: 'quality' is not allowed: FACTOR=LEVEL"):
        main(["effects", *mine, "--reference", "quality"])
    with pytest.raises(SystemExit, match="references: 'colour' is not allowed"):
        main(["effects", *mine, "--reference", "colour=red"])


def test_help_lists_every_command_with_a_line(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    for command in COMMANDS:
        (line,) = [line for line in shown.splitlines() if line.startswith(f"  {command} ")]
        assert len(line.split()) > 4
    assert all(f"\n{title}:\n" in shown for title in GROUPS)
    for command in COMMANDS:
        with pytest.raises(SystemExit):
            parser().parse_args([command, "--help"])


def test_shells_complete_it(capsys):
    with pytest.raises(SystemExit):
        main(["--print-completion", "bash"])
    assert "leaderboard" in capsys.readouterr().out


def test_python_m_chorus_is_the_command():
    command = [sys.executable, "-m", "chorus", "power", *PUBLISHED, "--only", "stage6"]
    done = subprocess.run(command, cwd=ROOT / "src", capture_output=True, text=True, check=True)
    assert "stage6" in done.stdout


FOREIGN = "import sys; sys.path.insert(0, {!r}); import chorus.commands as c; c.main()"


def test_a_command_works_with_the_code_of_its_checkout_or_not_at_all(tmp_path, tmp_path_factory):
    """An editable install of another checkout would run there instead; a table of runs is anybody's."""
    folder = Folder(tmp_path)
    folder.git_init()
    (tmp_path / "sweeps").mkdir()
    (tmp_path / "params.yaml").write_text("seed: 1\n")
    (tmp_path / "sweeps/one.yaml").write_text("name: one_{}\naxes: {seed: [1]}\n")
    script = tmp_path_factory.mktemp("foreign") / "command.py"
    script.write_text(FOREIGN.format(str(ROOT / "src")))
    foreign = ("python", str(script))
    assert "no commit yet" in folder.run(
        *foreign, "leaderboard", "one", fails=True
    )  # no chorus of its own: fine
    (tmp_path / "src/chorus").mkdir(parents=True)
    (tmp_path / "src/chorus/__init__.py").touch()
    (tmp_path / "studies").mkdir()
    below = Folder(tmp_path / "studies")
    for where, command in (
        (folder, ["leaderboard", "one"]),
        (below, ["back"]),
        (folder, ["effects", "one"]),
    ):
        said = where.run(*foreign, *command, fails=True)
        assert said.startswith(
            f"error: this is the chorus of {ROOT}, and {tmp_path} has its own: make setup there"
        )
        assert len(said.splitlines()) == 1
    assert "stage6" in folder.run(*foreign, "power", *PUBLISHED, "--only", "stage6")


def test_a_stage_script_imports_its_own_checkout_whatever_is_installed(tmp_path):
    """An editable install puts this folder's src/ on the path of the environment's Python, behind the script's own."""
    shutil.copytree(
        ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
    )
    (tmp_path / "src" / "where.py").write_text(
        "import stage\nimport chorus\nprint(chorus.__file__)\n"
    )
    done = subprocess.run(
        [sys.executable, "src/where.py"],
        cwd=tmp_path,
        env={"PATH": "", "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()) == tmp_path / "src" / "chorus" / "__init__.py"


@pytest.mark.parametrize(
    "command", ["effects", "leaderboard", "power", "spread", "coverage", "thresholds"]
)
@pytest.mark.parametrize(
    "rows",
    [
        ["1,x,1,0.5"],
        ["1,x,1,0.5", "2,x,1,0.7", "3,x,1,0.6"],
        ["1,x,1,0.5", "1,y,1,0.7"],
        [f"{seed},{a},{b},0.5" for seed in (1, 2, 3) for a in "xy" for b in "12"],
        [f"{seed},{a},1,0.{seed}{n}" for seed in (1, 2) for a in "xy" for n in range(3)],
        [f"{seed},{a},1,{seed % 7}.{ord(a)}" for seed in range(30) for a in "xy"],
    ],
    ids=["one run", "one configuration", "one seed", "no spread at all", "repeats", "thirty seeds"],
)
def test_odd_tables_get_an_answer_or_one_sentence(command, rows, tmp_path, capsys):
    (tmp_path / "runs.csv").write_text("\n".join(["seed,a,b,score", *rows]) + "\n")
    given = [
        command,
        "--runs",
        str(tmp_path / "runs.csv"),
        "--factors",
        "a,b",
        "--metrics",
        "score",
    ]
    given += ["--times", "5"] if command == "coverage" else []
    try:
        main(given)
    except SystemExit as stopped:
        assert str(stopped).startswith("error: score: no two configurations")
    else:
        assert capsys.readouterr().out.strip()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "runs.csv is no table"),
        ('seed,a,score\n1,"x\n', "runs.csv is no table"),
        ("seed,a,score\n", "holds no runs"),
        ("seed,a,score\n1,x,inf\n", "score: 'inf' is no number"),
        ("seed;a;score\n1;x;2\n", "lacks the columns seed, a, score"),
        ("seed,a,score\n1,é,2\n".encode("latin-1"), "not in UTF-8"),
    ],
)
def test_what_is_no_table_of_runs_is_one_sentence(content, message, tmp_path):
    (tmp_path / "runs.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SystemExit) as stopped:
        main(
            [
                "effects",
                "--runs",
                str(tmp_path / "runs.csv"),
                "--factors",
                "a",
                "--metrics",
                "score",
            ]
        )
    assert message in str(stopped.value) and "\n" not in str(stopped.value)


def test_a_sweep_with_a_value_that_its_stage_would_refuse_runs_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    file = tmp_path / "wrong.yaml"
    file.write_text("name: run_{}\naxes: {train.dropout: [0.1, 1.5]}\n")
    with pytest.raises(SystemExit, match=r"train\.dropout: 1\.5 is not allowed"):
        main(["sweep", str(file), "--dry-run"])
