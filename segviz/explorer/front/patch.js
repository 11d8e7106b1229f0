// Shows another state of a group of cells or numbers by changing only what differs: what stays keeps its
// style and its place, which cost the browser more than all else in a tick of a slider.

const children = (text) => text.replace(/<\/g>$/, "").split(/(?=<(?:path|text) )/);

// what stands within a text element; null where that would have to be parsed
const content = (text) => /^<text [^>]*>([^<&]*)<\/text>$/.exec(text)?.[1] ?? null;

const head = (text) => text.slice(0, text.indexOf(">"));

const MOST = 20; // elements to replace one by one; more are faster replaced together

// element: as `before` says; then as `after` says
function patch(element, before, after) {
  const changes = head(before) === head(after) && changesOf(element, children(before), children(after));
  if (changes) changes.forEach((change) => change());
  else element.outerHTML = after;
}

// what to do to get from the old children to the new; null where replacing them all is less
function changesOf(element, [opening, ...old], [openingNow, ...now]) {
  const shapes = [...element.children];
  if (opening !== openingNow || shapes.length !== old.length) return null; // not a group, or another one
  const changes = [];
  let replaced = 0;
  for (let n = 0; n < Math.min(old.length, now.length); n++) {
    if (old[n] === now[n]) continue;
    const number = head(old[n]) === head(now[n]) && shapes[n].firstChild ? content(now[n]) : null;
    if (number === null && ++replaced > MOST) return null;
    changes.push(number === null
      ? () => (shapes[n].outerHTML = now[n])
      : () => (shapes[n].textContent = number));
  }
  for (const shape of shapes.slice(now.length)) changes.push(() => shape.remove());
  const more = now.slice(old.length).join("");
  if (more) changes.push(() => element.insertAdjacentHTML("beforeend", more));
  return changes;
}
