// The sliders are widgets of their own, one for the rows and one for the columns of every parameter.
// Here, in the browser, they meet the picture: no kernel is on the way.

class Sliders {
  // moved(axes) is called when a hand has moved a slider, with all the others settled; el.dataset.equal
  // says whether one slider stands for both axes
  constructor(model, el, moved) {
    Object.assign(this, { model, el, moved, parameters: model.get("parameters"), off: [] });
  }

  async bind() {
    const found = (reference) => this.model.widget_manager.get_model(reference.replace("IPY_MODEL_", ""));
    const { sliders, unequal } = this.model.get("controls");
    this.unequal = await found(unequal);
    this.axes = await Promise.all(
      [0, 1].map((axis) => Promise.all(sliders.map((both) => found(both[axis])))));
    for (const widget of [this.unequal, ...this.axes.flat()]) {
      const heard = () => this.heard();
      widget.on("change:value", heard);
      this.off.push(() => widget.off("change:value", heard));
    }
    this.follow();
  }

  get equal() {
    return !this.unequal?.get("value");
  }

  heard() {
    if (this.placing) return; // it is us who move them
    this.place(this.axes.map((sliders) => sliders.map((slider) => slider.get("value"))));
    this.moved(this.values);
  }

  // puts every slider on its settled value, within its settled range
  place(axes) {
    const settled = settle(this.parameters, axes, this.equal);
    this.values = settled.axes;
    this.el.dataset.equal = this.equal;
    this.placing = true;
    this.axes.forEach((sliders, axis) => sliders.forEach((slider, p) =>
      this.placeOne(slider, settled.axes[axis][p], settled.ranges[axis][p])));
    this.placing = false;
  }

  // goes to the model's state, unless that is where a hand has just put them
  follow() {
    if (!this.axes) return; // they are not there yet, and will follow then
    const state = this.model.get("state");
    const axes = [0, 1].map((axis) => state.filter((_, n) => n % 2 === axis));
    if (axes.join() !== this.values?.join()) this.place(axes);
  }

  placeOne(slider, value, [least, most]) {
    // noUiSlider refuses a range of one value: show one more, and switch the slider off
    const wanted = { min: least, max: Math.max(most, least + 1), disabled: least === most, value };
    if (Object.entries(wanted).every(([name, is]) => slider.get(name) === is)) return;
    const inside = value >= slider.get("min") && value <= slider.get("max");
    if (inside) slider.set("value", value); // first, lest the new range throws the old value out
    slider.set(wanted);
    queueMicrotask(() => slider.save_changes()); // the kernel hears of the new state before this
  }

  // the states that moving one slider once would lead to
  neighbours() {
    return this.parameters.flatMap((parameter, p) => [0, 1].slice(0, this.equal ? 1 : 2).flatMap((axis) =>
      parameter.axes[axis].values.map((value) => {
        const axes = this.values.map((values) => [...values]);
        axes[axis][p] = value;
        return settle(this.parameters, axes, this.equal).axes;
      })));
  }

  remove() {
    this.off.forEach((off) => off());
  }
}
