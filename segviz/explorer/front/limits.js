// Limits: Python's tables of what each parameter may be, given the coupled ones before it.

// axes: for the rows and for the columns, the step of every parameter. Later parameters yield: each
// moves to the nearest step that is legal. Returns the settled axes, and the range of every control.
function settle(parameters, axes, equal) {
  axes = [0, 1].map((axis) => parameters.map(
    (parameter, p) => axes[equal || !parameter.perAxis ? 0 : axis][p]));
  const ranges = axes.map((steps, axis) => {
    let row = 0; // of the table: one for each choice of the earlier coupled parameters
    return parameters.map((parameter, p) => {
      const { values: choices, limits } = parameter.axes[axis] ?? parameter.axes[0];
      const at = parameter.coupled ? 2 * row : 0;
      const [least, most] = limits.slice(at, at + 2);
      steps[p] = Math.min(Math.max(steps[p], least), most);
      if (parameter.coupled) row = row * choices.length + choices.indexOf(steps[p]);
      return [least, most];
    });
  });
  return { axes, ranges };
}
