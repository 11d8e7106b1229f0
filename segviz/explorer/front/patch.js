// Shows another state of a group of cells or numbers by changing only what differs: what stays keeps its
// style and its place, which cost the browser more than all else in a tick of a slider.

const children = (text) => text.replace(/<\/g>$/, "").split(/(?=<(?:path|text) )/);

// what stands within a text element; null where that would have to be parsed
const content = (text) => /^<text [^>]*>([^<&]*)<\/text>$/.exec(text)?.[1] ?? null;

const head = (text) => text.slice(0, text.indexOf(">"));

// element: as `before` says; then as `after` says
function patch(element, before, after) {
  const [old, now] = [children(before), children(after)];
  const shapes = [...element.children];
  const isGroup = old[0] === now[0] && shapes.length === old.length - 1;
  const both = Math.min(old.length, now.length);
  const written = [], replaced = [];
  for (let n = 1; isGroup && n < both; n++) {
    if (old[n] === now[n]) continue;
    const number = head(old[n]) === head(now[n]) && shapes[n - 1].firstChild ? content(now[n]) : null;
    number === null ? replaced.push(n) : written.push([shapes[n - 1], number]);
  }
  if (!isGroup || replaced.length > 20) {
    element.outerHTML = after;
    return;
  }
  for (const [shape, number] of written) shape.textContent = number;
  for (const n of replaced) shapes[n - 1].outerHTML = now[n];
  for (const shape of shapes.slice(both - 1)) shape.remove();
  if (now.length > both) element.insertAdjacentHTML("beforeend", now.slice(both).join(""));
}
