// The controls are widgets of their own: a slider or a row of names for every parameter, or one for its
// rows and one for its columns. Here, in the browser, they meet the picture: no kernel is on the way.

// calls back when the browser has painted what was changed until now
function afterPaint(then) {
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = then;
    port2.postMessage(null);
  });
}

class Sliders {
  // moved(axes) is called when a hand has moved a control, with all the others settled; el.dataset.equal
  // says whether one slider stands for both axes
  constructor(model, el, moved) {
    Object.assign(this, { model, el, moved, parameters: model.get("parameters"), off: [] });
  }

  async bind() {
    const found = (reference) => this.model.widget_manager.get_model(reference.replace("IPY_MODEL_", ""));
    const { sliders, unequal } = this.model.get("controls");
    this.unequal = await found(unequal);
    this.axes = await Promise.all(
      [0, 1].map((axis) => Promise.all(sliders.map((both) => found(both[axis] ?? both[0])))));
    const listen = (widget, event, heard) => {
      widget.on(event, heard);
      this.off.push(() => widget.off(event, heard));
    };
    listen(this.unequal, "change:value", () => this.heard(() => {}));
    this.axes[0].concat(this.axes[1]).forEach((widget) => this.keepHere(widget));
    this.parameters.forEach(({ choices, perAxis }, p) => this.axes.slice(0, perAxis ? 2 : 1).forEach(
      (widgets, axis) => listen(widgets[p], choices ? "change:index" : "change:value", () =>
        this.heard((axes) => (axes[axis][p] = this.step(widgets[p], p))))));
    this.follow();
    this.nameHandles();
  }

  // The kernel hears of a move by the stage's state and never reads the controls, so they are not
  // posted: its echo of an older range would cut off a newer value, and take time from the browser.
  keepHere(widget) {
    widget.save_changes = () => {};
  }

  get equal() {
    return !this.unequal?.get("value");
  }

  // change(axes) puts into them what the hand did. The picture comes first: the other controls, which
  // may have to yield, are placed when it is painted, for they take longer than the picture.
  heard(change) {
    if (this.placing) return; // it is us who move them
    const axes = this.values.map((values) => [...values]);
    change(axes);
    this.values = settle(this.parameters, axes, this.equal).axes;
    this.el.dataset.equal = this.equal;
    this.el.toggleAttribute("data-placing", true);
    this.moved(this.values);
    afterPaint(() => {
      this.place(this.values);
      this.el.toggleAttribute("data-placing", false);
    });
  }

  // puts these parameters, which have no axes, on these steps, if may(axes) allows it
  jump(names, steps, may) {
    if (!this.values) return;
    const axes = this.values.map((values) => [...values]);
    names.forEach((name, n) => {
      const p = this.parameters.findIndex((parameter) => parameter.name === name);
      axes[0][p] = axes[1][p] = steps[n];
    });
    if (may(settle(this.parameters, axes, this.equal).axes))
      this.heard((now) => Object.assign(now, axes));
  }

  // the step that a control stands on
  step(widget, p) {
    const { choices, unit } = this.parameters[p];
    return choices ? widget.get("index") : Math.round(widget.get("value") / unit);
  }

  // puts every control on its settled step, within its settled range
  place(axes) {
    const settled = settle(this.parameters, axes, this.equal);
    this.values = settled.axes;
    this.el.dataset.equal = this.equal;
    this.placing = true;
    this.axes.forEach((widgets, axis) => widgets.forEach((widget, p) => {
      if (axis && !this.parameters[p].perAxis) return;
      this.placeOne(widget, this.parameters[p], settled.axes[axis][p], settled.ranges[axis][p]);
    }));
    this.placing = false;
  }

  // goes to the model's state, unless that is where a hand has just put them
  follow() {
    if (!this.axes) return; // they are not there yet, and will follow then
    const state = this.model.get("state");
    const axes = [0, 1].map((axis) => state.filter((_, n) => n % 2 === axis));
    if (axes.join() === this.values?.join()) return;
    if (axes[0].join() !== axes[1].join()) this.tickUnequal();
    this.place(axes);
  }

  // the kernel ticks the box as well, but a message to one widget may overtake that to another: with
  // the box empty, place would make the columns equal to the rows
  tickUnequal() {
    this.placing = true;
    this.unequal.set("value", true);
    this.placing = false;
  }

  placeOne(widget, { choices, unit }, step, [least, most]) {
    const worth = (n) => Number((n * unit).toPrecision(12));
    const value = worth(step);
    // noUiSlider refuses a range of one value: show one more, and switch the slider off
    const wanted = choices
      ? { index: step, disabled: least === most }
      : { min: worth(least), max: worth(Math.max(most, least + 1)), disabled: least === most, value };
    if (Object.entries(wanted).every(([name, is]) => widget.get(name) === is)) return;
    const inside = value >= widget.get("min") && value <= widget.get("max");
    if (!choices && inside) widget.set("value", value); // first, lest the new range throws the old value out
    widget.set(wanted);
  }

  // the states that moving one control once would lead to
  neighbours() {
    return this.parameters.flatMap((parameter, p) =>
      [0, 1].slice(0, this.equal || !parameter.perAxis ? 1 : 2).flatMap((axis) =>
        (parameter.axes[axis] ?? parameter.axes[0]).values.map((value) => {
          const axes = this.values.map((values) => [...values]);
          axes[axis][p] = value;
          return settle(this.parameters, axes, this.equal).axes;
        })));
  }

  // ipywidgets gives the handles of its sliders a role but no name, which screen readers need
  nameHandles() {
    const name = () => {
      const root = this.el.closest(".sv-explorer");
      const sliders = [...(root?.querySelectorAll(".sv-controls .widget-slider") ?? [])];
      for (const slider of sliders) {
        const label = slider.querySelector(".widget-label")?.textContent ?? "";
        const axis = ["rows", "columns"].find((each) => slider.classList.contains(`sv-${each}`)) ?? "";
        for (const handle of slider.querySelectorAll(".noUi-handle"))
          handle.setAttribute("aria-label", axis && !this.equal ? `${label}, ${axis}` : label);
      }
      return sliders.length && sliders.every((slider) => slider.querySelector(".noUi-handle"));
    };
    const watch = new MutationObserver(() => name() && watch.disconnect());
    if (!name()) watch.observe(document.body, { childList: true, subtree: true });
    this.off.push(() => watch.disconnect());
  }

  remove() {
    this.off.forEach((off) => off());
  }
}
