// The relation: which cells of every board take part in which tap

const listed = (list) => (Array.isArray(list) ? list : Array.from({ length: list.count }, (_, n) => n));

class Relation {
  // the small tables multiplied out; a single one holds flat indices
  constructor({ nothing, sizes, axes, walk }) {
    const times = (cells, axis, name, length) => cells.flatMap((cell) => axis[name].map(
      (at) => (cell === nothing || at === nothing ? nothing : cell * length + at)));
    const product = (name) => axes.slice(1).reduce(
      (cells, axis, a) => times(cells, axis, name, sizes[name][a + 1]), axes[0][name]);
    Object.assign(this, { nothing, walk });
    this.columns = Object.fromEntries(Object.keys(axes[0]).map((name) => [name, product(name)]));
  }
  // the taps of all paths through this cell: along the walk from its grid on, and back from it
  through(grid, cell) {
    const taps = new Set();
    for (const walk of [this.walk, [...this.walk].reverse()]) {
      const met = Object.fromEntries(walk.map((name) => [name, new Set(name === grid ? [cell] : [])]));
      walk.forEach((from, place) => this.columns[from].forEach((here, tap) => {
        if (!met[from].has(here)) return;
        for (const to of walk.slice(place + 1)) {
          const there = this.columns[to][tap];
          if (there !== this.nothing) taps.add(tap) && met[to].add(there);
        }
      }));
    }
    return [...taps];
  }
}

class Board {
  constructor(name, group, keys, says) {
    Object.assign(this, keys, { name, said: listed(keys.says), says });
    this.cells = listed(keys.cells);
    this.names = Object.keys(keys.columns);
    this.stands = this.names.map((column) => listed(keys.columns[column]));
    this.shapes = [...group.querySelectorAll(".c > path")];
    this.texts = [...group.querySelectorAll(".n > text")];
    this.numbers = this.texts.map((text) => text.textContent);
  }
  sentence(n) {
    const cell = this.cells[n];
    const place = `[${Math.floor(cell / this.width)}, ${cell % this.width}]`;
    return this.lead.replace("#", cell).replace("@", place) + this.says[this.said[n]];
  }
  // the taps that the n-th cell stands for
  taps(n, relation) {
    if (relation.walk.includes(this.names[0])) return relation.through(this.names[0], this.stands[0][n]);
    const columns = this.names.map((name) => relation.columns[name]);
    const wanted = this.stands.map((stand) => stand[n]);
    return (columns[0] ?? []).flatMap((_, tap) => (columns.every((c, k) => c[tap] === wanted[k]) ? [tap] : []));
  }
  // which number of its grid the n-th cell changes, and how wide that grid is; null if none
  target(n) {
    const { width, cells } = this.edits ?? this;
    return this.editable && cells[n] >= 0 ? { cell: cells[n], width } : null;
  }
  // the cells (n-th drawn) that take part in these taps
  touched(taps, relation) {
    if (!this.names.length) return new Set(); // a board that stands for nothing
    this.index ??= this.indexed();
    const met = (tap) => !this.only || relation.columns[this.only][tap] !== relation.nothing;
    const cells = (tap) => this.index.get(this.names.map((name) => relation.columns[name][tap]).join());
    return new Set(taps.filter(met).flatMap((tap) => cells(tap) ?? []));
  }
  // what cells stand for -> those cells: several may stand for the same
  indexed() {
    const index = new Map();
    this.cells.forEach((_, n) => {
      const key = this.stands.map((stand) => stand[n]).join();
      index.has(key) ? index.get(key).push(n) : index.set(key, [n]);
    });
    return index;
  }
}

