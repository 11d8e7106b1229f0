"""Exercises: a stub that the learner fills in, checked against the library's own function.

A check never raises for what a learner did and always hands on something that works, so a
notebook runs to its end with nothing solved. It does raise (ValueError) for what an *author*
did: cases that a constant or a transposed answer would pass.
"""

import copy
import inspect
import time
import traceback
from dataclasses import replace

import numpy as np

from .comparison import as_array, difference, same
from .guarded import BorrowedAnswerError, OutOfTimeError, codes_of, run_guarded
from .record import settle
from .verdict import Verdict, name_of, show_source


def check(stub, reference, *cases, run=None, hints=(), mistakes=None, seconds=10.0):
    """Check a learner's function against the reference; return the one to go on with.

        conv_size = check(conv_size, segviz.relations.conv_size, (6, 3, 1), (7, 2, 3))

    stub: the learner's function (or class), with the reference's signature. It counts as not
        attempted while it returns None or `...`, or raises NotImplementedError.
    cases: tuples of arguments; every call gets its own copies. At least two, with different
        answers, and where the answers are arrays one that is not square.
    run: `run(function, *case)` where a plain `function(*case)` is not it: to build a layer with
        known weights and put an input through it, say.
    hints: sentences, from a nudge to nearly the solution; each is folded on its own.
    mistakes: {sentence: function that makes this mistake}, the sentence for a usual mistake.
    seconds: after that an endless loop is stopped.

    Returns the stub where it is right, else the reference.
    """
    cases = [case if isinstance(case, tuple) else (case,) for case in cases]
    run = run or call
    expected = [ask(run, reference, case) for case in cases]
    refuse_weak_cases(expected)
    wrong_answers = {
        sentence: [ask(run, mistake, case) for case in cases]
        for sentence, mistake in (mistakes or {}).items()
    }
    refuse_harmless_mistakes(wrong_answers, expected)
    verdict = judge(stub, reference, cases, run, expected, wrong_answers, seconds)
    if verdict.state == "right":
        settle(verdict)
        return stub
    settle(replace(verdict, hints=tuple(hints), solution=solution(reference)))
    return reference


def check_value(answer, expected, *, hints=(), mistakes=None):
    """Check an answer worked out by hand: a number, a list of lists, or an array.

        stamp = check_value([[..., ...], [..., ...]], 3 * kernel)

    Entries that are `...` or None are still open. `mistakes` is {sentence: the wrong answer}.
    Returns the answer as an array where it is right, else what was expected.
    """
    expected = as_array(expected)
    wrong_answers = {sentence: [wrong] for sentence, wrong in (mistakes or {}).items()}
    refuse_harmless_mistakes(wrong_answers, [expected])
    still_open, entries = count_open(answer)
    if still_open == entries:
        state, sentence = "open", "Not answered yet: put your numbers in place of the dots."
    elif still_open:
        state, sentence = "open", f"{still_open} of {entries} entries are still open."
    elif wrong := difference(expected, answer, "your answer"):
        state, sentence = "wrong", f"Not yet: {wrong} {named(answer, wrong_answers, 0)}".rstrip()
    else:
        settle(Verdict("right", "Right."))
        return as_array(answer)
    settle(Verdict(state, sentence, (), tuple(hints), written(expected)))
    return expected.copy()


def solution(reference):
    try:
        return show_source(reference).code
    except TypeError:  # a compiled function
        return ""


def call(function, *case):
    return function(*case)


def judge(stub, reference, cases, run, expected, wrong_answers, seconds):
    """The verdict on the first case that goes wrong, or on all being right."""
    home = name_of(reference)
    deadline = time.monotonic() + seconds
    for number, (case, want) in enumerate(zip(cases, expected, strict=True)):
        # Only the first case tells "not attempted"; a later None is a forgotten `return`.
        function = stub if number else attempt(stub)
        given = describe(case, run, reference)
        try:
            left = max(deadline - time.monotonic(), 0)
            got = run_guarded(lambda f=function, c=case: ask(run, f, c), left, reference)
        except NotImplementedError:
            sentence = f"Not attempted yet (still `...`, or no `return`): {home} stands in for it."
            return Verdict("open", sentence)
        except BorrowedAnswerError:
            return Verdict("wrong", f"Not yet: this calls {home}; write it yourself.")
        except OutOfTimeError:
            return Verdict("wrong", f"Stopped after {seconds:g} s: does a loop never end?", given)
        except (Exception, SystemExit) as error:
            return Verdict("wrong", describe_error(error, stub), given)
        if wrong := difference(want, got):
            sentence = f"Not yet: {wrong} {named(got, wrong_answers, number)}".rstrip()
            shown = (*given, ("expected", written(want)), ("got", written(got)))
            return Verdict("wrong", sentence, shown)
    return Verdict("right", f"Right: all {len(cases)} cases agree with {home}.")


def ask(run, function, case):
    """The function's answer to a case; it gets copies, so that it cannot change the case."""
    return run(function, *copy.deepcopy(case))


def attempt(stub):
    """The stub, raising NotImplementedError where it returns None or `...`."""

    def attempted(*arguments, **options):
        answer = stub(*arguments, **options)
        if answer is None or answer is ...:
            raise NotImplementedError
        return answer

    return attempted


def refuse_weak_cases(expected):
    """ValueError where a wrong function could pass: this is for the exercise's author."""
    if all(same(expected[0], other) for other in expected[1:]):
        raise ValueError(
            "All cases have the same answer, so a constant would pass: give at least two cases "
            "with different answers."
        )
    arrays = [array for answer in expected for array in arrays_in(answer) if array.ndim >= 2]
    if arrays and all(array.shape[-1] == array.shape[-2] for array in arrays):
        raise ValueError(
            "All answers are square, so swapped rows and columns could pass: give a case whose "
            "axes are unequal."
        )


def refuse_harmless_mistakes(wrong_answers, expected):
    for sentence, answers in wrong_answers.items():
        if all(map(same, expected, answers)):
            raise ValueError(f"The mistake {sentence!r} gives the right answer in every case.")


def arrays_in(answer):
    try:
        return [as_array(answer)]
    except ValueError:  # items of different shapes
        return [array for item in answer for array in arrays_in(item)]


def named(got, wrong_answers, number):
    """The author's sentence for this mistake in this case, or nothing."""
    found = (s for s, answers in wrong_answers.items() if same(answers[number], got))
    return next(found, "")


def describe_error(error, stub):
    """What was raised, and in which line of the learner's own code."""
    sentence = f"Your code raised {type(error).__name__}: {error}".rstrip(": ") + "."
    own_files = {code.co_filename for code in codes_of(stub)}
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename in own_files]
    return f"{sentence} Line {own[-1].lineno}: {own[-1].line}" if own else sentence


def describe(case, run, reference):
    """The arguments of a case by name, as the one row of details "given"."""
    names = parameter_names(reference) if run is call else parameter_names(run)[1:]
    names += [f"argument {i + 1}" for i in range(len(names), len(case))]
    pairs = zip(names, case, strict=False)
    return (("given", "\n".join(written(value, f"{name} = ") for name, value in pairs)),)


def parameter_names(function):
    try:
        return list(inspect.signature(function).parameters)
    except ValueError:  # a compiled function
        return []


def written(value, lead=""):
    """Short, readable text for a value after the lead; the rows of an array are aligned."""
    if not (hasattr(value, "shape") or isinstance(value, (list, tuple))):
        return f"{lead}{value!r}"
    try:
        array = as_array(value)
    except ValueError:  # items of different shapes
        return "\n".join(written(item, lead) for item in value)
    return lead + np.array2string(array, threshold=80, precision=4, separator=", ", prefix=lead)


def count_open(answer):
    """(entries still open, entries) of a nested answer."""
    if isinstance(answer, (list, tuple)):
        counts = [count_open(item) for item in answer]
        return sum(is_open for is_open, _ in counts), sum(entries for _, entries in counts)
    if hasattr(answer, "shape"):
        return 0, max(as_array(answer).size, 1)
    return int(answer is None or answer is ...), 1
