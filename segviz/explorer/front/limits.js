// Limits: Python's tables of what each parameter may be, given those before it.

// axes: for the rows and for the columns, the value of every parameter. Later parameters yield: each
// moves to the nearest value that is legal. Returns the settled axes, and the range of every slider.
function settle(parameters, axes, equal) {
  axes = equal ? [[...axes[0]], [...axes[0]]] : axes.map((axis) => [...axis]);
  const ranges = axes.map((values, axis) => {
    let row = 0; // of the table: one for each choice of the earlier parameters
    return parameters.map((parameter, p) => {
      const { values: choices, limits } = parameter.axes[axis];
      const [least, most] = limits.slice(2 * row, 2 * row + 2);
      values[p] = Math.min(Math.max(values[p], least), most);
      row = row * choices.length + choices.indexOf(values[p]);
      return [least, most];
    });
  });
  return { axes, ranges };
}
