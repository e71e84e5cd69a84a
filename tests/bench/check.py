# SPDX-License-Identifier: Apache-2.0
"""Compares what ./run bench measured with the targets (targets.py).

Pure: takes what --json writes, gives rows of a table and a verdict. Failure: BadFile, with a sentence, for a file that is none of
--json's.
"""

import json
import math
import statistics

import targets

OK, MISSED, NOT_MEASURED, REPORTED = "ok", "MISSED", "not measured", "reported"
HEAD = ("figure", "where", "measured", "target", "noise", "verdict")


class BadFile(Exception):
    pass


def read(path):
    """What --json wrote there. The figures are looked at by check()."""
    try:
        with open(path, encoding="utf-8") as stream:
            return json.load(stream)
    except OSError as error:
        raise BadFile(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:  # no JSON, or no text
        raise BadFile(f"{path} is no JSON: {error}") from error


def _figures(result):
    """{(where, name): figure} of all parts."""
    figures = {}
    for figure in result.get("micro", []):
        figures[targets.MICRO, figure["name"]] = figure
    for boot in result.get("guest", []):
        for figure in boot["figures"]:
            figures[f"guest {boot['mode']}", figure["name"]] = figure
    for figure in result.get("api", {"figures": []})["figures"]:
        figures[targets.API, figure["name"]] = figure
    return figures


def _value(target, name, figures):
    """What is compared with the bound; None when it was not measured."""
    figure = figures[target.where, name]
    if target.kind == targets.RATIO:
        return float(figure["ratio"]["schedd"])
    if target.kind == targets.TIMES_FASTER:
        other = figures.get((target.where, target.matches(name).expand(target.versus)))
        return other and other["ns"] / figure["ns"]
    if target.where == targets.MICRO:
        return float(figure[target.key]) if target.key in figure else None
    values = figure["values"]["schedd"] if target.where in targets.BOTH else figure["values"]
    return float(statistics.median(values))


def _number(value):
    return f"{value:.4g}"


def _row(target, name, value):
    measured = "-" if value is None else f"{_number(value)} {target.unit}".rstrip()
    if target in targets.REPORTED:
        return (name, target.where, measured, "-", "-", NOT_MEASURED if value is None else REPORTED)
    if value is None or math.isnan(value):
        verdict = NOT_MEASURED
    else:
        verdict = OK if target.holds(value) else MISSED
    return (name, target.where, measured, f"{target.sign} {_number(target.bound)} {target.unit}".rstrip(), f"{100 * target.margin:g} %", verdict)


def check(result):
    """(rows of a table, HEAD first; whether all that was measured is as it has to be). A figure that is no number is not: its
    measurement failed. One that is not there is neither, since parts can be left out; but at least one must be there."""
    rows, good, measured = [HEAD], True, 0
    try:
        figures = _figures(result)
        for target in (*targets.TARGETS, *targets.REPORTED):
            names = [name for where, name in figures if where == target.where and target.matches(name)]
            for name in names:
                value = _value(target, name, figures)
                rows.append(_row(target, name, value))
                if target in targets.TARGETS and value is not None:
                    measured += 1
                    good = good and target.holds(value)
            if not names:
                rows.append(_row(target, target.figure, None))
    except (AttributeError, KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise BadFile(f"these are no figures of ./run bench --json: {type(error).__name__}: {error}") from error
    return rows, good and measured > 0


def summary(rows):
    """One line: how many of each verdict."""
    verdicts = [row[-1] for row in rows[1:]]
    return ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in (OK, MISSED, NOT_MEASURED))
