
// What stands in for Jupyter in a saved page: a model that holds the traits, and native controls.

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

// a native range input, or a list of names, as the model of a control
function nativeControl(row, { choices, unit }, step) {
  const input = row.querySelector("input, select");
  const output = row.querySelector("output");
  const control = new StillModel(choices ? { index: step } : { value: step * unit });
  const show = () => {
    const { min, max, value, index, disabled } = control.traits;
    input.disabled = disabled;
    if (choices) return void (input.selectedIndex = index);
    Object.assign(input, { min, max, step: unit, value });
    output.textContent = value;
  };
  for (const name of ["min", "max", "value", "index", "disabled"]) control.on(`change:${name}`, show);
  input.addEventListener("input", () =>
    choices ? control.set("index", input.selectedIndex) : control.set("value", Number(input.value)));
  show();
  return control;
}

function openExplorer(section) {
  const traits = JSON.parse(section.querySelector("script").textContent);
  const widgets = { unequal: new StillModel({ value: traits.unequal }) };
  traits.parameters.forEach((parameter, p) => traits.controls.sliders[p].forEach((id, a) => {
    const row = document.getElementById(id);
    widgets[id] = nativeControl(row, parameter, traits.state[2 * p + a]);
  }));
  const model = new StillModel(traits, { get_model: async (name) => widgets[name] });
  explorer.render({ model, el: section.querySelector(".sv-place") });
}

document.querySelectorAll(".sv-explorer").forEach(openExplorer);
