// The stage of an explorer. It swaps fragments of SVG when a parameter changes, and lights cells by the
// relation when one is pointed at, pinned or stepped to. It draws nothing and computes no number: the
// fragments, the sentences and the limits of the sliders all come from Python, as strings and tables.

const PLAY_MS = 900;
const WAITING = "The picture below is the last one: this state is drawn by the notebook's kernel, when it runs.";
const NO_KERNEL_MS = 3000; // a kernel that runs has answered by then
const READ_ONLY = "The numbers are read-only here: changing them needs the notebook and its running kernel.";

const stateOf = (axes) => axes[0].flatMap((value, p) => [value, axes[1][p]]);

class Stage {
  constructor(model, el) {
    Object.assign(this, { model, el, frames: new Frames(), shown: {}, lit: [], pointed: null, pin: null, live: false });
    el.classList.add("sv-stage");
    el.dataset.lmSuppressShortcuts = true; // the arrow keys are ours, not the notebook's
    el.innerHTML = stageHtml(model.get("shell"), model.get("still"));
    for (const name of ["picture", "say", "count", "message"]) this[name] = el.querySelector(`.sv-${name}`);
    this.playButton = el.querySelector("[data-do=play]");
    this.resetButton = el.querySelector("[data-do=reset]");
    this.layers = Object.fromEntries(
      [...el.querySelectorAll("[data-layer]")].map((group) => [group.dataset.layer, group]));
    this.frames.absorb(model.get("eager"));
    this.frames.absorb(model.get("now"));
    this.sliders = new Sliders(model, el, (axes) => this.moved(axes));
    this.listen();
    this.setPlaying(false);
    this.show();
    this.sliders.bind();
    model.send({ hello: true });
    this.patience = setTimeout(() => {
      this.alone = !this.live;
      this.light();
    }, model.get("kernel") === false ? 0 : NO_KERNEL_MS);
  }

  // -- the state

  key(state) {
    return `${this.model.get("version")}:${state.join()}`;
  }

  // by a hand on a slider
  moved(axes) {
    const state = stateOf(axes);
    if (state.join() === this.model.get("state").join()) return;
    this.unposted = state;
    this.model.set("state", state); // which shows it, by the listener on the state
    afterPaint(() => { // the picture does not wait for the post
      this.unposted = null;
      this.model.save_changes();
    });
  }

  // -- the picture

  show() {
    const key = this.key(this.model.get("state"));
    const waiting = !this.frames.has(key);
    this.tell(waiting ? WAITING : "");
    this.el.toggleAttribute("data-waiting", waiting);
    if (waiting) return;
    this.outline?.remove();
    const [pinned, pointed] = [this.pin, this.pointed].map((at) => at && this.whereIs(at));
    const parts = this.frames.read(key, this.model.get("parts"));
    this.build(null); // before its numbers are taken for those of the board
    for (const name of Object.keys(this.layers)) this.swap(name, ...parts[name]);
    this.parts = parts;
    this.about = JSON.parse(parts.about[0]);
    this.picture.querySelector("desc").textContent = this.about.description;
    this.reading = null;
    this.pin = pinned && this.cellAt(pinned);
    this.pointed = pointed && this.cellAt(pointed);
    this.light();
    afterPaint(() => this.ask());
  }

  // what changed of a layer: every string is one element
  swap(name, place, ...elements) {
    const group = this.layers[name];
    const before = this.shown[name] ?? [];
    if (place) group.setAttribute("transform", place);
    if (elements.length !== before.length) group.innerHTML = elements.join("");
    else elements.forEach((element, n) => {
      if (element !== before[n]) patch(group.children[n], before[n], element);
    });
    this.shown[name] = elements;
  }

  // the relation and the boards of the picture shown, read when they are first needed
  read() {
    const parsed = (name) => JSON.parse(this.parts[name][0]);
    const board = (name) =>
      [name, new Board(name, this.layers[name], parsed(`${name}:keys`), parsed(`${name}:says`))];
    this.reading ??= {
      relation: new Relation(parsed("relation")),
      boards: Object.fromEntries(this.model.get("boards").map(board)),
      buildUp: parsed("build_up"),
    };
    return this.reading;
  }

  // a pin stays on its row and column when the size of its board changes
  whereIs({ board, n, stepping }) {
    const { cells, width } = this.read().boards[board];
    return { board, stepping, row: Math.floor(cells[n] / width), column: cells[n] % width };
  }

  cellAt({ board, stepping, row, column }) {
    const { cells, width } = this.read().boards[board];
    const n = column < width ? cells.indexOf(row * width + column) : -1;
    return n < 0 ? null : { board, n, stepping };
  }

  point(at) {
    this.pointed = at;
    this.light();
  }

  // lights all that takes part in the cell pointed at, or else in the pinned one
  light() {
    const { pointed } = this;
    const at = pointed ?? this.pin;
    for (const element of this.lit) element.classList.remove("lit");
    this.lit = [];
    this.outline?.remove();
    this.build(pointed ? null : this.pin);
    this.say.textContent = this.hint();
    this.resetButton.hidden = !this.live || !this.about.typing;
    this.count.textContent = "";
    if (!at) return;
    const { relation, boards } = this.read();
    const board = boards[at.board];
    const taps = board.taps(at.n, relation);
    for (const each of Object.values(boards))
      for (const n of each.touched(taps, relation))
        this.lit.push(each.shapes[n], ...(each.texts[n] ? [each.texts[n]] : []));
    for (const element of this.lit) element.classList.add("lit");
    this.outlined(board.shapes[at.n], pointed ? "focus" : "focus pinned");
    this.say.textContent = board.sentence(at.n);
    if (!pointed) this.count.textContent = `${at.n + 1} of ${board.cells.length}`;
  }

  hint() {
    const point = "Point at any cell; click to pin it";
    const { typing } = this.about;
    if (!typing) return `${point}.`;
    if (this.live) return `${point}, ${typing}.`;
    return this.alone ? `${point}. ${READ_ONLY}` : `${point}.`;
  }

  // a copy of the cell's shape lies on top, lest its neighbours cover half of the border
  outlined(shape, classes) {
    this.outline = shape.cloneNode();
    this.outline.setAttribute("class", classes);
    shape.parentNode.append(this.outline);
  }

  // while stepping along the board that builds up another: that one as it is after this step
  build(at) {
    if (!at?.stepping && !this.built) return;
    const { boards, buildUp } = this.read();
    const now = at?.stepping && at.board === buildUp?.along
      ? new Map(buildUp.steps.slice(0, at.n + 1).flat()) : null;
    if (!now && !this.built) return;
    const { texts, numbers } = boards[buildUp.board];
    texts.forEach((text, n) => (text.textContent = now ? now.get(n) ?? "" : numbers[n]));
    this.built = now;
  }

  // -- pointing, pinning, stepping, typing

  listen() {
    const { model, picture, el } = this;
    this.on = {
      "change:state": () => {
        const { unposted } = this;
        if (unposted && unposted.join() !== model.get("state").join())
          return void model.set("state", unposted); // that was the echo of an older move
        this.sliders.follow();
        this.show();
      },
      "change:version": () => this.show(),
      "change:eager": () => this.arrived(model.get("eager")),
      "change:now": () => this.arrived(model.get("now")),
      "msg:custom": (message) => this.heard(message),
    };
    for (const [event, handler] of Object.entries(this.on)) model.on(event, handler);
    picture.addEventListener("pointerover", (event) => this.point(this.cellOf(event.target)));
    picture.addEventListener("pointerleave", () => this.point(null));
    picture.addEventListener("click", (event) => this.clicked(event));
    picture.addEventListener("dblclick", (event) => this.edit(this.cellOf(event.target)));
    this.brush = new Brush(this);
    el.addEventListener("keydown", (event) => this.pressed(event));
    el.querySelector(".sv-bar").addEventListener("click", (event) => this.command(event.target.dataset.do));
  }

  cellOf(target) {
    const cells = target.parentNode;
    if (!cells.classList?.contains("c")) return null;
    const board = cells.closest("[data-layer]").dataset.layer;
    return { board, n: [...cells.children].indexOf(target) };
  }

  clicked(event) {
    if (event.target.matches("input")) return;
    this.setPlaying(false);
    if (!this.el.hasAttribute("data-waiting")) this.tell("");
    const cell = this.cellOf(event.target);
    const again = cell && this.pin && cell.board === this.pin.board && cell.n === this.pin.n;
    this.pin = again && event.detail < 2 ? null : cell; // the second click of a double one unpins nothing
    this.point(null);
    if (cell) this.choose(this.read().boards[cell.board], cell.n);
  }

  // a click on some boards moves controls
  choose({ sets, cells, width }, n) {
    if (!sets) return;
    const place = [Math.floor(cells[n] / width), cells[n] % width];
    this.sliders.jump(sets, place, (axes) => this.frames.has(this.key(stateOf(axes))) || this.live);
  }

  command(name) {
    if (name === "play") return this.setPlaying(!this.timer);
    this.setPlaying(false);
    if (name === "forward") this.step(1);
    if (name === "back") this.step(-1);
    if (name === "clear") this.goTo(null);
    if (name === "reset") this.model.send({ reset: true });
  }

  // along the pinned board, or the one the scene names; says whether there was a cell to step to
  step(by) {
    const board = this.pin?.board ?? this.about.steps;
    const n = this.pin ? this.pin.n + by : 0;
    return n in this.read().boards[board].cells && this.goTo({ board, n, stepping: true });
  }

  stepRow(by) {
    if (!this.pin) return this.step(1);
    const { cells, width } = this.read().boards[this.pin.board];
    const n = cells.indexOf(cells[this.pin.n] + by * width);
    return n >= 0 && this.goTo({ ...this.pin, n, stepping: true });
  }

  goTo(pin) {
    this.pin = pin;
    this.point(null);
    return true;
  }

  setPlaying(on) {
    clearInterval(this.timer);
    this.timer = null;
    this.playButton.textContent = on ? "pause" : "play";
    if (!on) return;
    if (!this.step(1)) this.goTo({ ...this.pin, n: 0, stepping: true }); // at the end: from the start
    this.timer = setInterval(() => this.step(1) || this.setPlaying(false), PLAY_MS);
  }

  pressed(event) {
    if (event.target.matches("button") && [" ", "Enter"].includes(event.key)) return; // it is pressed
    if (event.target.matches("input") || event.ctrlKey || event.metaKey || event.altKey) return;
    const command = { ArrowLeft: "back", ArrowRight: "forward", " ": "play", Escape: "clear" }[event.key];
    const row = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (command) this.command(command);
    else if (row) this.stepRow(row);
    else if (event.key === "Enter") this.edit(this.pin);
    else if (/^[\d.-]$/.test(event.key)) this.edit(this.pin, event.key);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  edit(cell, typed) {
    const board = cell && this.read().boards[cell.board];
    const target = board?.target(cell.n);
    if (!target) return;
    this.tell(this.live ? "" : READ_ONLY);
    if (!this.live) return;
    if (board.paints && !typed) return this.brush.paint(board, [cell.n]);
    const before = board.typed[cell.n];
    typeOver(board.shapes[cell.n], this.picture, typed ?? before, !typed, (text) => {
      if (text === null || text === before) return;
      this.model.send({ edit: { grid: board.editable, ...target, text } });
    });
  }

  // -- the kernel

  arrived(bundle) {
    this.frames.absorb(bundle);
    if (this.el.hasAttribute("data-waiting")) this.show();
    else this.ask();
  }

  heard(message) {
    if (!this.live) {
      this.live = true;
      this.light();
    }
    if ("tell" in message) {
      this.tell(message.tell);
      this.brush.wipe();
    }
    if ("bundle" in message) {
      this.asking = false;
      this.arrived(message.bundle);
    }
    if ("ready" in message) {
      this.asking = false; // what an earlier kernel was asked for will not come any more
      this.ask();
    }
  }

  tell(sentence) {
    this.message.textContent = sentence;
  }

  // fetches, while nobody waits, what the next move of a slider may need
  ask() {
    if (!this.live || this.asking || !this.sliders.values) return;
    const keys = this.sliders.neighbours().map((axes) => this.key(stateOf(axes)));
    const missing = [...new Set(keys)].filter((key) => !this.frames.has(key)).slice(0, 4);
    if (!missing.length) return;
    this.asking = true;
    this.model.send({ want: missing });
  }

  remove() {
    this.setPlaying(false);
    clearTimeout(this.patience);
    for (const [event, handler] of Object.entries(this.on)) this.model.off(event, handler);
    this.sliders.remove();
  }
}

const explorer = {
  render({ model, el }) {
    const stage = new Stage(model, el);
    return () => stage.remove();
  },
};
export default explorer;
