// The sliders are widgets of their own, one for the rows and one for the columns of every parameter.
// Here, in the browser, they meet the picture: no kernel is on the way.

class Sliders {
  // moved(axes) is called when a hand has moved a slider, with all the others settled
  constructor(model, moved) {
    Object.assign(this, { model, moved, parameters: model.get("parameters"), off: [] });
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
    this.heard();
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
    if (!this.axes) return;
    this.placing = true;
    this.axes.forEach((sliders, axis) => sliders.forEach((slider, p) => {
      const [least, most] = settled.ranges[axis][p];
      const value = settled.axes[axis][p];
      // noUiSlider refuses a range of one value: show one more, and switch the slider off
      const range = { min: least, max: Math.max(most, least + 1), disabled: least === most };
      const inside = value >= slider.get("min") && value <= slider.get("max");
      if (inside) slider.set("value", value); // first, lest the new range throws the old value out
      slider.set(range);
      slider.set("value", value);
      slider.save_changes();
    }));
    this.placing = false;
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
