// Typing over a number: a small input on top of its cell. done(text) is called once, with null if
// nothing is to change.

function typeOver(cell, parent, text, replace, done) {
  const input = Object.assign(document.createElement("input"), { value: text, className: "sv-edit" });
  input.setAttribute("aria-label", "new number");
  const [box, frame] = [cell.getBoundingClientRect(), parent.getBoundingClientRect()];
  for (const [side, pixels] of Object.entries(
    { left: box.left - frame.left, top: box.top - frame.top, width: box.width, height: box.height }))
    input.style[side] = `${pixels}px`;
  const close = (result) => {
    if (!input.isConnected || input.closed) return;
    input.closed = true; // removing an input in focus blurs it, which closes it again
    input.remove();
    parent.focus();
    done(result);
  };
  input.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter") close(input.value);
    if (event.key === "Escape") close(null);
  });
  input.addEventListener("blur", () => close(input.value));
  parent.append(input);
  input.focus();
  if (replace) input.select();
}
