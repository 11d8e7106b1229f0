// Event-to-paint, measured in the page: from an event to the paint after the last change of the DOM
// of the picture. Beside it, how much goes over the kernel's websocket, and when.

(() => {
  const clock = (window.paintClock = {
    event: null, // type of the events that are measured ...
    target: null, // ... and a selector of what they happen to
    picture: null, // selector: changes in here count
    open: null, // the last of those events: {at, changed, painted, waited}
    messages: [], // {at, bytes, sent}
    lost: null, // messages to the kernel with this text in them are not sent
  });

  const within = (node, selector) =>
    (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement)?.closest(selector);

  const inPicture = ({ target, addedNodes }) =>
    within(target, clock.picture) ||
    [...addedNodes].some((node) => node.matches?.(clock.picture) || node.querySelector?.(clock.picture));

  for (const type of ["keydown", "pointerover"])
    document.addEventListener(type, (event) => {
      if (type !== clock.event || event.key === "Shift" || !within(event.target, clock.target)) return;
      clock.open = { at: event.timeStamp, changed: null, painted: null, waited: false };
    }, true);

  // A message posted in an animation frame is delivered after that frame has been painted.
  const afterPaint = (then) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = then;
    port2.postMessage(null);
  });

  new MutationObserver((records) => {
    const measured = clock.open;
    if (!measured) return;
    if (document.querySelector("[data-waiting]")) measured.waited = true;
    if (!records.some(inPicture)) return;
    measured.changed = performance.now();
    afterPaint(() => (measured.painted = performance.now()));
  }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });

  clock.settled = (quiet) => {
    const { changed, painted } = clock.open ?? {};
    const done = painted && painted > changed && performance.now() - painted > quiet;
    return Boolean(done && !document.querySelector("[data-waiting]"));
  };

  clock.silent = (quiet) => performance.now() - (clock.messages.at(-1)?.at ?? 0) > quiet;

  const text = (data) => (typeof data === "string" ? data : new TextDecoder().decode(data));
  const note = (data, sent) =>
    clock.messages.push({ at: performance.now(), bytes: data.length ?? data.byteLength, sent });
  window.WebSocket = class extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols);
      this.counted = String(url).includes("/channels");
      if (this.counted) this.addEventListener("message", ({ data }) => note(data, false));
    }
    send(data) {
      if (this.counted && clock.lost && text(data).includes(clock.lost)) return;
      if (this.counted) note(data, true);
      super.send(data);
    }
  };
})();
