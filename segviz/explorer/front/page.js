// What stands in for Jupyter in a saved page: a model that holds the traits, and native sliders.

class StillModel {
  constructor(traits, manager) {
    Object.assign(this, { traits: { ...traits }, handlers: {}, widget_manager: manager });
  }
  get(name) {
    return this.traits[name];
  }
  set(name, value) {
    if (typeof name === "object") return Object.entries(name).forEach((entry) => this.set(...entry));
    if (this.traits[name] === value) return;
    this.traits[name] = value;
    (this.handlers[`change:${name}`] ?? []).forEach((handler) => handler());
  }
  on(event, handler) {
    (this.handlers[event] ??= []).push(handler);
  }
  off(event, handler) {
    this.handlers[event] = (this.handlers[event] ?? []).filter((each) => each !== handler);
  }
  save_changes() {}
  send() {}
}

// a native range input as the model of a slider
function nativeSlider(row, value) {
  const input = row.querySelector("input");
  const output = row.querySelector("output");
  const slider = new StillModel({ value });
  const show = () => {
    const { min, max, value, disabled } = slider.traits;
    Object.assign(input, { min, max, value, disabled });
    output.textContent = value;
  };
  for (const name of ["min", "max", "value", "disabled"]) slider.on(`change:${name}`, show);
  input.addEventListener("input", () => slider.set("value", Number(input.value)));
  return slider;
}

function openPage() {
  const traits = JSON.parse(document.getElementById("traits").textContent);
  const widgets = { unequal: new StillModel({ value: traits.unequal }) };
  traits.parameters.forEach((parameter, p) => ["rows", "columns"].forEach((axis, a) => {
    const row = document.getElementById(`${parameter.name}-${axis}`);
    const value = traits.state[2 * p + a];
    widgets[row.id] = nativeSlider(row, value);
  }));
  const model = new StillModel(traits, { get_model: async (name) => widgets[name] });
  explorer.render({ model, el: document.getElementById("stage") });
}

openPage();
