"""Who looks for a line of their own finds it: frames of the framework are left out where they say nothing."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any

import pytest

from asok_engine.errors import UsageError
from asok_engine.telemetry.traces import short_trace
from asok_engine.wire.jsons import encode_json
from asok_engine.wire.response import respond
from asok_engine.wire.statuses import phrase


def raised(call: Callable[[], Any]) -> BaseException:
    """Give what a call raises, with its frames."""
    with pytest.raises(BaseException) as found:
        call()
    return found.value


def code(text: str) -> dict[str, Any]:
    """Run code that stands in no file of ours."""
    space: dict[str, Any] = {"respond": respond, "encode_json": encode_json, "phrase": phrase}
    exec(compile(text, "/site/src/pages/page.py", "exec"), space)
    return space


def ours(trace: str) -> int:
    """Count the frames of the framework."""
    return sum("/asok_engine/" in line or "/asok/" in line for line in trace.splitlines())


def test_word_of_the_framework_is_shown_with_the_frame_that_led_to_it() -> None:
    """What the framework raises says all: the last frame is the application's line."""
    trace = short_trace(raised(lambda: code("respond(None, 'get() in page.py')")))
    assert 'File "/site/src/pages/page.py", line 1' in trace
    assert ours(trace) == 0
    assert trace.endswith("request.html(...), request.json(...), request.redirect(...).")


def test_frames_below_the_application_stay_when_python_raised() -> None:
    """A TypeError within the framework needs the frames from the application's line on."""
    error = raised(lambda: code("phrase([])"))
    trace = short_trace(error)
    assert not isinstance(error, UsageError)
    assert 'File "/site/src/pages/page.py", line 1' in trace


def test_error_that_met_no_other_code_keeps_its_frames() -> None:
    """Such an error is ours to explain, unless it is a sentence of ours, which then stands alone."""
    error = raised(lambda: phrase([]))  # type: ignore[arg-type]
    error.with_traceback(_last(error))
    assert ours(short_trace(error)) == 1
    sentence = UsageError("No.")
    sentence.with_traceback(_last(error))
    assert short_trace(sentence) == "asok_engine.errors.UsageError: No."


def test_causes_are_shortened_as_well() -> None:
    """What became a sentence of ours is named, without the frames of ours that it went through."""
    trace = short_trace(raised(lambda: code("encode_json({1: object()})")))
    assert "TypeError: object has no JSON form" in trace
    assert ours(trace) == 0
    assert trace.count("Traceback (most recent call last)") == 1


def _last(error: BaseException) -> TracebackType | None:
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return last


def test_start_can_be_given() -> None:
    """Frames before it are not shown, whoever's they are."""
    error = raised(lambda: code("1 / 0"))
    trace = short_trace(error, _last(error))
    assert trace.count("File ") == 1


def test_standard_library_that_passes_a_call_on_is_left_out_in_front() -> None:
    """Between the framework and the application it says no more than the framework does."""
    text = "import functools\nclass A:\n @functools.cached_property\n def a(self): return 1 / 0\nA().a"
    error = raised(lambda: code(text))
    start = error.__traceback__
    while start is not None and not start.tb_frame.f_code.co_filename.endswith("functools.py"):
        start = start.tb_next
    assert start is not None
    assert "functools.py" not in short_trace(error, start)
    assert "functools.py" in short_trace(error)
