"""Predict, then drag: whether the sliders of an explorer are set as the exercise asks."""

from .record import settle
from .verdict import Verdict


def goal(explorer, reached, *, for_example, start=None, hints=()):
    """Ask for settings of an explorer; return settings that reach the goal, {name: value}.

        def seven(settings):
            size = TRANSPOSED_CONVOLUTION.size(**sizes_in(settings))
            return size == 7 or f"That gives {size} cells on an axis; wanted 7."

        settings = goal(explorer, seven, for_example={"stride": 2, "kernel_size": 3})

    explorer: as the learner has set it, with the sliders or from Python.
    reached: function of the settings of one axis, {name: value} of all the explorer's parameters.
        Returns True, or else a sentence that says what the settings give, or False where there is
        nothing to say. It is asked for the rows and for the columns. A pair of functions where
        these have goals of their own: (rows, columns).
    for_example: settings that reach the goal, the others being as at the start: the solution.
    start: the settings with which the notebook opens the explorer, where it names any. While
        nothing else is set, the exercise is not attempted.
    hints: sentences, each folded on its own.

    Returns the learner's settings where they reach the goal, else those of the example; a pair
    (rows, columns) where the axes differ.
    ValueError, for the author, where the start reaches the goal or the example does not, or where
    the sliders do not go there.
    """
    parameters = parameters_of(explorer)
    if missing := set(for_example) - {p.name for p in parameters}:
        sentence = (
            f"Not the explorer that is asked for: this {type(explorer).__name__} has no slider for "
            f"{', '.join(sorted(missing))}. Run the cell that opens it, then this one."
        )
        settle(Verdict("wrong", sentence, (), tuple(hints), written(for_example)))
        return dict(for_example)
    asked = reached if isinstance(reached, tuple) else (reached, reached)
    begin = steps_of(explorer.explainer, start or {})
    example = steps_of(explorer.explainer, for_example, begin)
    if not answers(asked, parameters, begin):
        raise ValueError(f"The start reaches the goal already: {shown(parameters, begin)}.")
    if told := answers(asked, parameters, example):
        raise ValueError(f"The example {for_example} does not reach the goal: {told}.")

    now, at_first = (shown(parameters, steps) for steps in (explorer.values, begin))
    told = " ".join(answers(asked, parameters, explorer.values))
    if not told:
        moved = {name: value for name, value in now.items() if value != at_first[name]}
        code = (("the same in code, to keep it", written(moved)),)
        settle(Verdict("right", f"Right, with {in_words(moved)}.", code))
        return now
    untouched = now == at_first
    sentence = f"Not attempted yet: move the sliders. {told}" if untouched else f"Not yet: {told}"
    settings = (("settings", in_words(now)),)
    state = "open" if untouched else "wrong"
    settle(Verdict(state, sentence, settings, tuple(hints), written(for_example)))
    return shown(parameters, example)


def parameters_of(explorer):
    """Those behind the sliders; none where this is no explorer."""
    return getattr(getattr(explorer, "explainer", None), "parameters", ())


def steps_of(explainer, settings, begin=None):
    """The sliders' steps {name: (rows, columns)} with these settings, the others as they begin."""
    steps = dict(begin or {p.name: (p.start, p.start) for p in explainer.parameters})
    of_name = {p.name: p for p in explainer.parameters}
    steps |= {name: of_name[name].step_of(value) for name, value in settings.items()}
    followers = [p.name for p in explainer.coupled if p.follows and p.name not in settings]
    if followers:  # they move as those of the explorer do
        settled = explainer.settled(steps)
        steps |= {name: settled[name] for name in followers}
    explainer.check(steps)
    return steps


def answers(asked, parameters, steps):
    """What the functions for rows and columns say of these steps: [] where both are reached."""
    told = []
    for axis, (name, function) in enumerate(zip(("rows", "columns"), asked, strict=True)):
        settings = {p.name: p.shown((steps[p.name][axis],) * 2) for p in parameters}
        answer = function(settings)
        if answer is not True:
            told.append((name, answer or "these settings do not reach it."))
    sentences = {sentence for _, sentence in told}
    if len(told) == 2 and len(sentences) == 1:  # both axes alike
        return list(sentences)
    return [f"For the {name}: {sentence}" for name, sentence in told]


def shown(parameters, steps):
    """{name: value} as the explorer's traits show them."""
    return {p.name: p.shown(steps[p.name]) for p in parameters}


def in_words(settings):
    return ", ".join(f"{name} = {value!r}" for name, value in settings.items())


def written(settings):
    return f"explorer.set({', '.join(f'{name}={value!r}' for name, value in settings.items())})"
